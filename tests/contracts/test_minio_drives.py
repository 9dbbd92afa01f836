"""An object store on four drives: killed in mid-write, and with one drive less while runs go on."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlaas4hep.adapters.stores import s3 as s3_adapter
from mlaas4hep.adapters.stores.filecache import FileCache
from mlaas4hep.adapters.stores.s3 import S3Store
from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core import keys
from mlaas4hep.core.runs import files as run_files
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.ports import Services
from mlaas4hep.testing import pipeline
from tests import oracle
from tests.minioserver import MinioServer

PART = 5 * 1024**2  #: S3 takes no smaller parts


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    server = MinioServer(tmp_path_factory.mktemp("minio"), drives=4)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def stores(
    minio: MinioServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, S3Store]]:
    client = s3_adapter.client(minio.url, minio.access, minio.secret)
    cache = FileCache(tmp_path_factory.mktemp("cache"), 1 << 30)
    for bucket in keys.BUCKETS:
        client.make_bucket(bucket)
    yield {bucket: S3Store(client, bucket, cache) for bucket in keys.BUCKETS}
    client._http.clear()


class Interrupted(io.BytesIO):
    """A stream in whose middle something happens."""

    def __init__(self, size: int, happens):
        super().__init__(bytes(size))
        self._middle = size // 2
        self._happens = happens

    def read(self, size: int | None = -1, /) -> bytes:
        if self._happens is not None and self.tell() >= self._middle:
            self._happens()
            self._happens = None
        return super().read(size)


@pytest.mark.parametrize("before", [b"", b"as it was"])
def test_a_store_that_is_killed_in_mid_write_has_the_object_of_before_and_takes_the_next(
    minio: MinioServer, stores: dict[str, S3Store], before: bytes
) -> None:
    store, key = stores["models"], f"o/m/{len(before)}"
    if before:
        store.put(key, before)

    with pytest.raises(ServiceUnavailableError):
        store.put_stream(key, Interrupted(4 * PART, minio.kill), 1 << 30)
    minio.start()

    assert [store.get(info.key) for info in store.list(key)] == ([before] if before else [])
    store.put_stream(key, Interrupted(4 * PART, None), 1 << 30)
    assert store.get(key) == bytes(4 * PART)


def test_a_run_goes_on_with_the_same_result_when_a_drive_is_lost(
    minio: MinioServer, stores: dict[str, S3Store], tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    files = [
        oracle.write_tree(tmp_path / f"{name}.root", "t", {"x": random.normal(size=200)})
        for name in ("background", "signal")
    ]
    calm = trained(pipeline.make_services(), files, lambda: None)
    services = replace(
        pipeline.make_services(),
        tarballs=stores["tarballs"],
        runs_files=stores["runs"],
        specs=stores["specs"],
        chunks=stores["chunks"],
        models=stores["models"],
    )
    lost, away = minio.drives[1], minio.drives[1].with_name("pulled out")

    robbed = trained(services, files, lambda: lost.rename(away))

    assert robbed == calm
    assert not any((lost / bucket).exists() for bucket in keys.BUCKETS)  # nor was it made again


def trained(services: Services, files: list[Path], happens) -> tuple[object, ...]:
    """Return what a run gives when something happens as its third chunk is planned."""
    services = replace(services, trainer=MemoryTrainer())
    services.runs_files.put(keys.run("o", "r_1", run_files.MODEL), b"def model(idim): ...")
    pipeline.submit(services, files, chunk_size=50, epochs=2, identifier=())
    preprocess = pipeline.REACTIONS[ChunkPlanned]

    def preprocessed(event, services):
        if event.index == 2:
            happens()
        return preprocess(event, services)

    steps = {**pipeline.REACTIONS, ChunkPlanned: preprocessed, ChunkReady: train}
    drain(services, steps, deliveries=1)
    run = services.runs.get("o", "r_1")
    assert run.status is Status.DONE, run.problem
    chunks = [services.chunks.get(info.key) for info in services.chunks.list("o/")]
    return run.version, dict(run.metrics), chunks
