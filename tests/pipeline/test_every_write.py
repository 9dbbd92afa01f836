"""Something happens before each write of a run, one after the other: nothing is lost, nothing is left.

The real steps up to the model, in memory. The writes of an undisturbed run are counted; then the
run is repeated once for each of them, and just before it the store is busy, the process is told to
end, the disk is full, or somebody cancels and deletes the run.
"""

import errno
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core import keys
from mlaas4hep.core.runs.events import ChunkReady, RunCancelled
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.pipeline.reactions import react
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.ports import Stopping
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import runs as usecases
from tests import oracle

STEPS = {**pipeline.REACTIONS, ChunkReady: train}
WRITES = ("put", "put_if", "put_file", "put_stream", "delete")
STORES = ("tarballs", "runs_files", "specs", "chunks", "models")


class Interrupted:
    """A store or run book before whose writes something may happen."""

    def __init__(self, inner, before):
        self._inner = inner
        self._before = before

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        return self._before(found) if name in (*WRITES, "apply") else found


class World:
    """One run, and what happens before its n-th write."""

    def __init__(self, files, happens=None, at=None):
        self.writes = 0
        self._happens, self._at = happens, at
        self._waiting = []
        made = replace(pipeline.make_services(range_entries=20), trainer=MemoryTrainer())
        self.bare = made
        made.runs_files.put(keys.run("o", "r_1", "model.py"), b"def model(idim): ...")
        pipeline.submit(made, files, chunk_size=20, epochs=2, identifier=())
        wrapped = {name: Interrupted(getattr(made, name), self._before) for name in STORES}
        self.services = replace(made, runs=Interrupted(made.runs, self._before), **wrapped)

    def _before(self, write):
        def written(*given, **options):
            self.writes += 1
            if self.writes == self._at:
                self._happens(self)
            return write(*given, **options)

        return written

    def drive(self):
        """Deliver what is told until all is quiet; what cannot be done now is done later."""
        while event := self._next():
            try:
                react(event, STEPS.get(type(event), lambda *_: []), self.services)
            except (ServiceUnavailableError, OSError):
                self._be_another_process()
                self.bare.bus.redeliver(event)
        return self

    def _be_another_process(self):
        self.bare = replace(self.bare, stopping=Stopping())
        self.services = replace(self.services, stopping=self.bare.stopping)

    def _next(self):
        """Return the next event; a training comes after the others, since it waits for chunks."""
        while event := self.bare.bus.next(idle=lambda: True):
            self._waiting.append(event)
        self._waiting.sort(key=lambda event: isinstance(event, ChunkReady))
        return self._waiting.pop(0) if self._waiting else None

    def outcome(self):
        """Return how the run ended, and what it made; of the model's record, which has an id, the
        name. The trainer in memory has figures of the rounds since its last start only.
        """
        run = self.bare.runs.get("o", "r_1")
        store = self.bare.models
        models = {info.key: store.get(info.key) for info in store.list("o/r_1/")}
        contract = json.loads(models.pop(f"o/r_1/{run.version}/contract.json"))
        del contract["metrics"]
        return run.status, run.problem, contract, sorted(models)

    def left(self):
        """Return what lies in the folder of the run."""
        return [info.key for info in self.bare.runs_files.list("o/r_1/")]


def is_busy(_world):
    raise ServiceUnavailableError("the store is busy: SlowDown")


def is_full(_world):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def is_told_to_end(world):
    world.bare.stopping.ask()


def deletes(world):
    run = world.bare.runs.apply([RunCancelled(owner="o", run="r_1")])
    usecases.delete(run, world.bare)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    return [
        oracle.write_tree(folder / f"{name}.root", "t", {"x": random.normal(size=20)})
        for name in ("background", "signal")
    ]


@pytest.fixture(scope="module")
def undisturbed(files):
    return World(files).drive()


@pytest.mark.parametrize("happens", [is_busy, is_full, is_told_to_end])
def test_a_run_ends_with_the_same_model_whenever_it_happens(files, undisturbed, happens):
    assert undisturbed.outcome()[0] is Status.DONE
    for at in range(1, undisturbed.writes + 1):
        disturbed = World(files, happens, at).drive()

        assert disturbed.outcome() == undisturbed.outcome(), at
        assert disturbed.left() == undisturbed.left(), at


def test_nothing_is_left_of_a_run_whenever_it_is_deleted(files, undisturbed):
    for at in range(1, undisturbed.writes + 1):
        world = World(files, deletes, at).drive()

        assert (at, world.left(), world.bare.runs.list()) == (at, [], [])
