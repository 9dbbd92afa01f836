"""Platforms on a real NATS and a folder; one of them holds a finished run and its model."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.admin.platform import Platform, platform
from mlaas4hep.core import keys
from mlaas4hep.core.runs.events import ChunkReady
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.settings import Settings
from mlaas4hep.testing import pipeline
from mlaas4hep.testing.nats import NatsServer
from tests import oracle

STORES = ("tarballs", "runs_files", "specs", "chunks", "models")

Empty = Callable[[], Platform]


@pytest.fixture
def made() -> list[Settings]:
    """Return where each platform is that a test makes."""
    return []


@pytest.fixture
def empty(tmp_path: Path, made: list[Settings]) -> Iterator[Empty]:
    """Make platforms in which nothing is."""
    with ExitStack() as stack:

        def make() -> Platform:
            folder = tmp_path / f"platform{len(made)}"
            server = NatsServer(folder / "nats")
            server.start()
            stack.callback(server.stop)
            provision(server.url)
            made.append(Settings(store=f"file://{folder}/store", nats=server.url))
            return stack.enter_context(platform(made[-1]))

        yield make


@pytest.fixture
def used(empty: Empty, tmp_path: Path) -> Platform:
    """Return a platform with run r_1, which is done."""
    services = replace(pipeline.make_services(), trainer=MemoryTrainer())
    files = [
        oracle.write_tree(tmp_path / f"{name}.root", "t", {"x": np.arange(20.0) + shift})
        for name, shift in (("background", 0), ("signal", 1))
    ]
    services.runs_files.put(keys.run("o", "r_1", "model.py"), b"def model(idim): ...")
    pipeline.submit(services, files, chunk_size=20, epochs=1, identifier=())
    drain(services, {**pipeline.REACTIONS, ChunkReady: train})
    found = empty()
    for bucket in STORES:
        here, there = getattr(services, bucket), getattr(found.services, bucket)
        for info in here.list(""):
            there.put(info.key, here.get(info.key))
    found.services.runs.create(services.runs.get("o", "r_1"))
    assert found.services.runs.next_number("o", "r") == 1
    return found
