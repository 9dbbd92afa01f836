"""A look at everything that is stored."""

import io
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ChunkReady
from mlaas4hep.core.runs.run import Run
from mlaas4hep.http.workflow.context import limits_of
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.promotion import promote
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.settings import Settings
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import uploads, versions
from mlaas4hep.usecases.storekeeping.fsck import fsck, repair
from tests import oracle
from tests.people import pack


@pytest.fixture
def services(tmp_path):
    services = replace(pipeline.make_services(), trainer=MemoryTrainer())
    path = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.arange(40.0)})
    services.runs_files.put(keys.run("o", "r_1", "model.py"), b"def model(idim): ...")
    pipeline.submit(services, [path], chunk_size=20, epochs=1, identifier=())
    drain(services, {**pipeline.REACTIONS, ChunkReady: train})
    services.runs_files.put(files.number("o", "r"), b"1")
    uploads.receive(
        io.BytesIO(pack({"a.txt": "a text"}, mode="w")),
        owner="o",
        folder="r",
        filename="r.tar.gz",
        services=services,
        limits=limits_of(Settings()),
    )
    return services


STORES = {
    "chunks": lambda services: services.chunks,
    "specs": lambda services: services.specs,
    "runs": lambda services: services.runs_files,
    "models": lambda services: services.models,
    "tarballs": lambda services: services.tarballs,
}


def test_a_store_that_is_whole_has_no_findings(services):
    assert list(fsck(services)) == []


@pytest.mark.parametrize(
    ("bucket", "part", "makes_itself"),
    [
        ("chunks", ".chunk", True),
        ("specs", "/ranges/", True),
        ("specs", "/merged/", True),
        ("runs", "/request.json", False),
        ("runs", "/run.json", False),
        ("runs", "/surveys/", True),
        ("runs", "/model.py", False),
        ("runs", "/numbers/", False),
        ("tarballs", "/a.txt", False),
        ("tarballs", "/upload.json", False),
        ("models", "/model.json", False),
        ("models", "/mean.json", False),
        ("models", "/contract.json", False),
    ],
)
def test_a_flipped_bit_is_found_wherever_it_is(services, bucket, part, makes_itself):
    store = STORES[bucket](services)
    key = next(info.key for info in store.list("") if part in info.key)
    whole = store.get(key)
    at = max(0, len(whole) - 3)
    store.put(key, whole[:at] + bytes([whole[at] ^ 64]) + whole[at + 1 :])

    findings = [finding for finding in fsck(services) if finding.kind == "damaged"]

    assert {(finding.bucket, finding.key) for finding in findings} == {(bucket, key)}
    assert findings[0].makes_itself is makes_itself
    assert repair(findings[0], services) is makes_itself
    assert (store.info(key) is None) is makes_itself


def test_what_is_missing_or_of_nobody_is_told(services):
    services.models.delete(next(i.key for i in services.models.list("") if "mean" in i.key))
    services.models.put("o/r_1/old/model.keras", b"x")
    services.runs_files.put("o/r_7/train.log", b"x")

    found = {(finding.kind, finding.key.rpartition("/")[2]) for finding in fsck(services)}

    assert found == {("missing", "mean.json"), ("orphan", "model.keras"), ("orphan", "train.log")}


@pytest.mark.parametrize(
    ("bucket", "part"), [("runs", "request.json"), ("runs", "run.json"), ("runs", "model.py")]
)
def test_what_a_run_cannot_do_without_is_missed(services, bucket, part):
    key = f"o/r_1/{part}"
    STORES[bucket](services).delete(key)

    assert [(finding.kind, finding.key) for finding in fsck(services)] == [("missing", key)]


def test_a_record_in_the_place_of_another_is_told(services):
    for store, name, kind in (
        (services.runs_files, "run.json", Run),
        (services.runs_files, "request.json", Request),
        (services.models, "model.json", ModelRecord),
    ):
        whole = store.get(f"o/r_1/{name}")
        other = wire.load(kind, whole.replace(b'"r_1"', b'"r_9"'))
        store.put(f"o/r_1/{name}", sealed.dump(other))

        (finding,) = fsck(services)

        assert (finding.kind, finding.key) == ("damaged", f"o/r_1/{name}")
        assert "'r_9'" in finding.what
        store.put(f"o/r_1/{name}", whole)


def test_files_beside_a_damaged_record_of_a_model_are_of_somebody(services):
    services.models.put("o/r_1/model.json", services.models.get("o/r_1/model.json")[:-9])

    assert [(finding.kind, finding.key) for finding in fsck(services)] == [
        ("damaged", "o/r_1/model.json")
    ]


def test_members_of_no_upload_are_told_and_what_is_coming_is_not(services):
    services.tarballs.put(keys.staged("o", "new", "0"), b"x")
    services.tarballs.delete(keys.upload("o", "r"))

    (finding,) = fsck(services)

    assert (finding.kind, finding.bucket) == ("orphan", "tarballs")
    assert finding.key.endswith("/a.txt")


def test_an_object_of_nobody_among_the_uploads_is_told_and_ends_nothing(services):
    services.tarballs.put("stray", b"x")

    (found,) = fsck(services)

    assert (found.bucket, found.key, found.kind) == ("tarballs", "stray", "orphan")


def test_versions_that_are_kept_and_what_belongs_to_them_are_no_orphans(services):
    older = promote("o", "r_1", "best", services)
    versions.move_alias(older, "production", older.version, services)
    for file in older.files:
        content = services.models.get(keys.model_file("o", "r_1", older.version, file))
        services.models.put(keys.model_file("o", "r_2", "newer", file), content)
    trained = sealed.load(ModelRecord, services.models.get(keys.model("o", "r_1")))
    newer = replace(trained, name="r_2", version="newer")
    services.models.put(keys.model("o", "r_2"), sealed.dump(newer))
    promote("o", "r_2", "best", services)
    services.models.put(keys.packed_model("o", "best", older.version, "0" * 64), b"x")

    assert list(fsck(services)) == []

    kept = keys.model_file("o", "best", older.version, older.files[0])
    content = services.models.get(kept)
    services.models.put(kept, content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    assert [(finding.kind, finding.key) for finding in fsck(services)] == [("damaged", kept)]
