"""The train step: chunks go in as they become ready, a bundle comes out, once."""

import itertools
import json
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryLeases
from mlaas4hep.adapters.trainers.memory import ISOLATION, MemoryTrainer
from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.models.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.training import ChunkWanted, FileMade, RoundEnded
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.runs import files as run_files
from mlaas4hep.core.runs.events import (
    ChunkReady,
    EpochEnded,
    ModelReady,
    RunCancelled,
    TrainingStarted,
)
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.attention import RunOverError
from mlaas4hep.pipeline.reactions import react
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases.storekeeping.rebuild import rebuild
from tests import oracle

FIRST = ChunkReady(owner="o", run="r_1", index=0, key="", entries=20)
SECOND = replace(FIRST, index=1)
MODEL_PY = b"def model(idim): ..."


@pytest.fixture
def services():
    return replace(pipeline.make_services(), trainer=MemoryTrainer())


@pytest.fixture
def files(tmp_path):
    random = np.random.default_rng(0)
    return [
        oracle.write_tree(
            tmp_path / f"{name}.root", "t", {"x": random.normal(size=20), "y": np.full(20, 3.0)}
        )
        for name in ("background", "signal")
    ]


def prepare(services, files, **request):
    """Do everything up to the chunks of run r_1."""
    services.runs_files.put(keys.run("o", "r_1", "model.py"), MODEL_PY)
    request = {"chunk_size": 20, "epochs": 3, "identifier": (), **request}
    return pipeline.run(services, files, **request)


def stored(store):
    return [info.key for info in store.list("o/r_1/")]


@pytest.mark.parametrize("deliveries", [1, 3])
def test_a_run_ends_with_a_served_bundle_however_often_events_arrive(services, files, deliveries):
    services.runs_files.put(keys.run("o", "r_1", "model.py"), MODEL_PY)
    pipeline.submit(services, files, chunk_size=20, epochs=3, identifier=())

    drain(services, {**pipeline.REACTIONS, ChunkReady: train}, deliveries=deliveries)

    run = services.runs.get("o", "r_1")
    record = wire.load(ModelRecord, services.models.get(keys.model("o", "r_1")))
    assert (run.status, run.model, run.version) == (Status.DONE, "r_1", record.version)
    assert (run.rounds.done, run.rounds.total) == (6, 6)
    assert run.isolation == ISOLATION
    assert dict(run.metrics) == {"mean": 0.5}
    assert record.files == ("contract.json", "mean.json", "params.json")
    assert stored(services.models) == [
        *(f"o/r_1/{record.version}/{name}" for name in record.files),
        "o/r_1/model.json",
    ]
    assert "o/r_1/checkpoint" not in stored(services.runs_files)
    assert services.runs_files.get("o/r_1/train.log") == b"r_1: 6 rounds\n"


def test_a_run_whose_record_is_lost_as_it_ends_is_done_with_its_metrics_and_data(services, files):
    prepare(services, files)
    *_, ready = train(FIRST, services)
    before = services.runs.get("o", "r_1")
    services.runs.delete("o", "r_1")  # as when the bucket of NATS goes; the store has the run

    rebuild(services)

    run = services.runs.get("o", "r_1")
    assert (run.status, run.version, run.metrics) == (Status.DONE, ready.version, ready.metrics)
    assert ready.metrics
    assert before.specs
    for fact in ("specs", "files", "entries", "selected", "columns"):
        assert getattr(run, fact) == getattr(before, fact), fact
    assert (run.ranges.total, run.chunks.total) == (before.ranges.total, before.chunks.total)


def test_the_contract_tells_how_to_serve_the_model(services, files):
    prepare(services, files, labels=Labels(values=(0.0, 1.0), classes=("b", "s")), preproc="{}")

    *_, ready = train(FIRST, services)

    bundle = f"o/r_1/{ready.version}/"
    contract = wire.load(Contract, services.models.get(f"{bundle}contract.json"))
    assert (contract.model, contract.version) == ("r_1", ready.version)
    assert contract.columns == ("x", "y")
    assert [spec.name for spec in contract.specs.branches] == ["x", "y"]
    assert (contract.classes, contract.preproc) == (("b", "s"), "{}")
    assert [name for name, _ in contract.inputs] == ["background.root", "signal.root"]
    assert (contract.metrics, contract.isolation) == (ready.metrics, ISOLATION)
    assert services.models.get(f"{bundle}labels.txt") == b"b\ns"
    params = json.loads(services.models.get(f"{bundle}params.json"))
    assert (params["name"], params["model"]) == ("r_1", "saved_model.pb")
    assert params.keys() >= {"labels", "options", "inputNode", "input_node", "description"}


def test_only_the_first_chunk_starts_a_training(services):
    assert list(train(SECOND, services)) == []


def test_news_are_told_in_order(services, files):
    prepare(services, files)

    news = list(train(FIRST, services))

    kinds = [TrainingStarted, *[EpochEnded] * 6, ModelReady]
    assert [type(event) for event in news] == kinds
    assert (news[0].rounds, news[0].resumed) == (6, 0)
    assert [event.round for event in news[1:-1]] == [0, 1, 2, 3, 4, 5]
    assert news[-1].learned == "regression"


def test_whoever_hears_that_a_run_is_done_finds_all_its_rounds(services, files):
    services = replace(services, clock=lambda: 100.0)  # so fast do the rounds end
    prepare(services, files)

    for event in train(FIRST, services):
        if isinstance(event, ModelReady):
            history = json.loads(services.runs_files.get("o/r_1/history.json"))
            log = services.runs_files.get("o/r_1/train.log")

    assert len(history) == 6
    assert log == b"r_1: 6 rounds\n"


def test_a_training_waits_for_chunks_that_are_still_being_made(services, files):
    pipeline.submit(services, files, chunk_size=20, epochs=3, identifier=())
    services.runs_files.put(keys.run("o", "r_1", "model.py"), MODEL_PY)
    made = []
    reactions = {**pipeline.REACTIONS, ChunkReady: lambda event, _: made.append(event) or []}
    drain(services, reactions)
    whole = services.runs.get("o", "r_1")
    services.runs.delete("o", "r_1")
    services.runs.create(replace(whole, chunks=replace(whole.chunks, bitmap="AQ==")))
    reached = threading.Event()
    news = []

    def follow():
        for event in train(FIRST, services):
            news.append(event)
            if isinstance(event, EpochEnded) and event.round == 2:
                reached.set()

    waiting = threading.Thread(target=follow)
    waiting.start()
    assert reached.wait(60)
    assert isinstance(news[-1], EpochEnded)
    services.runs.apply([replace(made[0], index=1)])
    waiting.join(60)

    assert isinstance(news[-1], ModelReady)


def test_a_cancelled_run_gets_no_model(services, files):
    prepare(services, files)
    news = []

    for event in train(FIRST, services):
        news.append(event)
        if len(news) == 3:
            services.runs.apply([RunCancelled(owner="o", run="r_1")])

    assert len(news) == 3
    assert stored(services.models) == []
    assert "o/r_1/train.log" in stored(services.runs_files)


def test_two_deliveries_do_not_train_at_the_same_time(services, files):
    prepare(services, files)
    first = iter(train(FIRST, services))
    next(first)

    with pytest.raises(ServiceUnavailableError):
        list(train(FIRST, services))

    assert isinstance(list(first)[-1], ModelReady)


class ForesightedTrainer(MemoryTrainer):
    """A trainer before whose preparation nobody gives a lease back."""

    def __init__(self, free):
        self._free = free

    def prepare(self, *_job):
        self._free()


def test_what_a_training_needs_is_prepared_while_it_waits_for_its_lease(services, files):
    prepare(services, files)
    with ExitStack() as stack:
        stack.enter_context(services.leases.hold("train/o/r_1"))
        trainer = ForesightedTrainer(stack.close)
        told = list(train(FIRST, replace(services, trainer=trainer)))

    assert isinstance(told[-1], ModelReady)


class MortalTrainer(MemoryTrainer):
    """A trainer whose first process is killed after some rounds."""

    def __init__(self, rounds):
        self._rounds = rounds
        self._is_first = True

    @contextmanager
    def start(self, job, model_py, checkpoint=None, beside=b""):
        with super().start(job, model_py, checkpoint, beside) as training:
            if self._is_first:
                self._is_first = False
                tell, left = training.report, [self._rounds]

                def report(timeout_s):
                    told = tell(timeout_s)
                    left[0] -= isinstance(told, RoundEnded)
                    if left[0] < 0:
                        raise ServiceUnavailableError("killed")
                    return told

                training.report = report
            yield training


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


class PausedTrainer(MemoryTrainer):
    """A trainer that stands still before its first report of a kind while `meanwhile` happens."""

    def __init__(self, meanwhile, kind=FileMade):
        super().__init__()
        self._meanwhile = meanwhile
        self._kind = kind
        self._is_over = False

    @contextmanager
    def start(self, job, model_py, checkpoint=None, beside=b""):
        with super().start(job, model_py, checkpoint, beside) as training:
            tell = training.report

            def report(timeout_s):
                told = tell(timeout_s)
                if isinstance(told, self._kind) and not self._is_over:
                    self._is_over = True
                    self._meanwhile()
                return told

            training.report = report
            yield training


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
