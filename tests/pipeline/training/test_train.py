"""The train step: chunks go in as they become ready, a bundle comes out, once."""

import json
import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest

from mlaas4hep.adapters.trainers.memory import ISOLATION, MemoryTrainer
from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.runs.events import (
    ChunkReady,
    EpochEnded,
    ModelReady,
    RunCancelled,
    TrainingStarted,
)
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases.storekeeping.rebuild import rebuild
from tests.pipeline.training.trainings import FIRST, MODEL_PY, SECOND, prepare, stored


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
    services.runs_files.put(keys.run("o", "r_1", "model.py"), MODEL_PY)
    pipeline.submit(services, files, chunk_size=20, epochs=3, identifier=())
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
