"""Trainings that die, or that others overtake: a run ends once, with files of one training."""

import itertools
import math
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryLeases
from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core import sealed
from mlaas4hep.core.models.training import ChunkWanted, FileMade, RoundEnded
from mlaas4hep.core.runs import files as run_files
from mlaas4hep.core.runs.events import (
    ModelReady,
)
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import ServiceUnavailableError, StoppingError
from mlaas4hep.pipeline.attention import RunOverError
from mlaas4hep.pipeline.reactions import react
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.ports import Stopping
from mlaas4hep.testing import pipeline
from tests.pipeline.training.trainings import FIRST, prepare, stored


class WatchedTrainer(MemoryTrainer):
    """A trainer of whose reports each is shown to `see` before it is told."""

    @contextmanager
    def start(self, job, model_py, checkpoint=None, beside=b""):
        with super().start(job, model_py, checkpoint, beside) as training:
            tell, see = training.report, self.watch()

            def report(timeout_s):
                told = tell(timeout_s)
                see(told)
                return told

            training.report = report
            yield training


class MortalTrainer(WatchedTrainer):
    """A trainer whose first process is killed after some rounds."""

    def __init__(self, rounds):
        self._rounds = rounds
        self._is_first = True

    def watch(self):
        left, self._is_first = [self._rounds if self._is_first else math.inf], False

        def see(told):
            left[0] -= isinstance(told, RoundEnded)
            if left[0] < 0:
                raise ServiceUnavailableError("killed")

        return see


@pytest.mark.parametrize("training", ["chunked", "standard"])
def test_a_killed_training_goes_on_from_its_checkpoint(services, files, training):
    prepare(services, files, training=training)
    mortal = replace(services, trainer=MortalTrainer(rounds=2))

    told = []
    with pytest.raises(ServiceUnavailableError):
        told.extend(train(FIRST, mortal))
    started, *ended, ready = train(FIRST, mortal)

    assert (started.resumed, started.rounds) == (3, {"chunked": 6, "standard": 3}[training])
    assert [event.round for event in ended] == list(range(3, started.rounds))
    assert isinstance(ready, ModelReady)


class CrashError(Exception):
    """The process is dead."""


class Mortal:
    """A store, book or bus of a process that dies before one of its writes."""

    WRITES = frozenset({"put", "put_file", "put_stream", "delete", "apply", "publish"})

    def __init__(self, real, life):
        self._real = real
        self._life = life

    def __getattr__(self, name):
        found = getattr(self._real, name)
        return self._dying(found) if name in self.WRITES else found

    def _dying(self, write):
        def written(*arguments, **more):
            if self._life[0] == 0:
                raise CrashError
            self._life[0] -= 1
            return write(*arguments, **more)

        return written


def dying(services, life):
    mortal = {
        name: Mortal(getattr(services, name), life)
        for name in ("runs_files", "models", "chunks", "runs", "bus")
    }
    return replace(services, **mortal)


def test_wherever_a_training_dies_its_run_is_done_and_nothing_is_left(files):
    for writes in range(1000):
        services = replace(pipeline.make_services(), trainer=MemoryTrainer())
        prepare(services, files)
        life = [writes]
        with suppress(CrashError):
            react(FIRST, train, dying(services, life))

        react(FIRST, train, services)  # it is delivered again

        run = services.runs.get("o", "r_1")
        left = [key for key in stored(services.runs_files) if run_files.is_unfinished(key)]
        record = sealed.load(Run, services.runs_files.get("o/r_1/run.json"))
        assert (run.status, left, record) == (Status.DONE, [], run), f"dead after {writes} writes"
        if life[0]:
            break
    assert writes > 20  # it died between all of them


class PausedTrainer(WatchedTrainer):
    """A trainer that stands still before its first report of a kind while `meanwhile` happens."""

    def __init__(self, meanwhile, kind=FileMade):
        super().__init__()
        self._meanwhile = meanwhile
        self._kind = kind
        self._is_over = False

    def watch(self):
        def see(told):
            if isinstance(told, self._kind) and not self._is_over:
                self._is_over = True
                self._meanwhile()

        return see


def test_a_late_training_stores_no_checkpoint_for_a_run_that_is_done(services, files):
    prepare(services, files)
    done = ModelReady(owner="o", run="r_1", model="r_1", version="v")
    late = PausedTrainer(lambda: services.runs.apply([done]))

    with pytest.raises(RunOverError):
        list(train(FIRST, replace(services, trainer=late)))

    assert not any(run_files.is_unfinished(key) for key in stored(services.runs_files))


class Overtaken(PausedTrainer, MemoryLeases):
    """A trainer that has lost its lease when it stood still."""

    @contextmanager
    def hold(self, name, patience_s=0.0):
        with super().hold(name, patience_s):
            yield self._confirm

    def _confirm(self):
        if self._is_over:
            raise ServiceUnavailableError("somebody else holds the lease")


@pytest.mark.parametrize("kind", [FileMade, ChunkWanted])
def test_a_training_that_another_one_has_ended_stores_nothing_over_its_files(services, files, kind):
    prepare(services, files)

    def others_end():
        react(FIRST, train, services)
        newer.extend(contents(services))

    newer = []
    late = replace(services, trainer=PausedTrainer(others_end, kind), leases=MemoryLeases())

    with suppress(RunOverError):
        list(train(FIRST, late))

    assert services.runs.get("o", "r_1").status == Status.DONE
    assert contents(services) == newer


def contents(services):
    stores = services.runs_files, services.models
    return [{key: store.get(key) for key in stored(store)} for store in stores]


@pytest.mark.parametrize(("kind", "rounds"), [(FileMade, 4), (RoundEnded, 3)])
def test_a_training_that_has_lost_its_lease_stores_nothing_over_what_is_newer(
    services, files, kind, rounds
):
    slow = itertools.count(100.0, 2.0).__next__  # every round is stored as it ends
    services = replace(services, clock=slow)
    prepare(services, files)

    def others_train():
        with pytest.raises(ServiceUnavailableError, match="killed"):
            list(train(FIRST, replace(services, trainer=MortalTrainer(rounds))))
        newer.update((key, services.runs_files.get(key)) for key in stored(services.runs_files))

    newer = {}
    stale = Overtaken(others_train, kind)

    with pytest.raises(ServiceUnavailableError, match="somebody else"):
        list(train(FIRST, replace(services, trainer=stale, leases=stale)))

    assert {key: services.runs_files.get(key) for key in stored(services.runs_files)} == newer
    assert next(iter(train(FIRST, services))).resumed == 5


class DrainedTrainer(WatchedTrainer):
    """A trainer whose process is told to end after each round."""

    def __init__(self, stopping):
        self._stopping = stopping

    def watch(self):
        return lambda told: self._stopping.ask() if isinstance(told, RoundEnded) else None


def test_ten_drains_of_one_training_change_nothing(services, files):
    calm = replace(pipeline.make_services(), trainer=MemoryTrainer())
    for each in (services, calm):
        prepare(each, files, epochs=12, training="standard")
    react(FIRST, train, calm)

    for _ in range(10):
        stopping = Stopping()
        drained = replace(services, stopping=stopping, trainer=DrainedTrainer(stopping))
        with pytest.raises(StoppingError):
            react(FIRST, train, drained)
    react(FIRST, train, services)

    run = services.runs.get("o", "r_1")
    assert (run.status, run.attempt, run.resumed) == (Status.DONE, 1, 10)
    assert run.rounds.done == 12
    assert run.metrics == calm.runs.get("o", "r_1").metrics
    (key,) = [key for key in stored(services.models) if key.endswith("mean.json")]
    assert services.models.get(key) == calm.models.get(key)
