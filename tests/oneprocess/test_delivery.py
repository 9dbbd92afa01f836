import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    ChunkReady,
    Event,
    ModelReady,
    RunSubmitted,
    SpecsReady,
    TrainingStarted,
)
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings

CHUNKS = 5


@pytest.fixture
def services() -> Services:
    services = bootstrap.services(Settings())
    services.runs.create(
        Run(owner="a", name="luca_1", folder="luca", number=1, created_at=0, updated_at=0)
    )
    services.bus.publish([RunSubmitted(owner="a", run="luca_1")])
    return services


def plan(event: RunSubmitted, services: Services) -> list[Event]:
    planned = [
        ChunkPlanned(owner=event.owner, run=event.run, index=index, specs="s")
        for index in range(CHUNKS)
    ]
    ready = SpecsReady(
        owner=event.owner, run=event.run, key="s", entries=1, columns=1, chunks=CHUNKS
    )
    return [*planned, ready]


def make(event: ChunkPlanned, services: Services) -> list[Event]:
    return [ChunkReady(owner=event.owner, run=event.run, index=event.index, key="k", entries=1)]


def train(event: ChunkReady, services: Services) -> Iterator[Event]:
    with services.leases.hold("training"):
        yield TrainingStarted(owner=event.owner, run=event.run, rounds=1)
        services.runs.wait(event.owner, event.run, lambda run: run.chunks.complete, 10)
        yield ModelReady(owner=event.owner, run=event.run, model="m", version="1")


STEPS = {RunSubmitted: plan, ChunkPlanned: make, ChunkReady: train}


@pytest.mark.parametrize("deliveries", [1, 3])
def test_the_outcome_does_not_depend_on_how_often_events_arrive(
    services: Services, deliveries: int
) -> None:
    drain(services, STEPS, deliveries=deliveries)

    run = services.runs.get("a", "luca_1")
    assert run.status is Status.DONE
    assert run.chunks.done == CHUNKS
    assert (
        len(services.bus.published) == 1 + CHUNKS + 1 + 1
    )  # of the chunks made, the first one is told


def test_a_permanent_error_fails_the_run_and_says_where(services: Services) -> None:
    def refuse(event: ChunkPlanned, services: Services) -> list[Event]:
        raise InvalidRequestError("no such branch", branch="pt")

    drain(services, STEPS | {ChunkPlanned: refuse})

    run = services.runs.get("a", "luca_1")
    assert run.status is Status.FAILED
    assert run.problem is not None
    assert (run.problem.stage, run.problem.branch) == ("chunk-preprocess", "pt")


def test_a_service_that_comes_back_is_used_again(services: Services) -> None:
    calls: list[int] = []

    def stumble(event: ChunkPlanned, services: Services) -> list[Event]:
        calls.append(event.index)
        if calls.count(event.index) < 3:
            raise ServiceUnavailableError("away")
        return make(event, services)

    drain(services, STEPS | {ChunkPlanned: stumble})

    assert services.runs.get("a", "luca_1").status is Status.DONE


def test_a_service_that_stays_away_fails_the_run(services: Services) -> None:
    def give_up(event: RunSubmitted, services: Services) -> list[Event]:
        raise ServiceUnavailableError("the store does not answer")

    drain(services, STEPS | {RunSubmitted: give_up})

    run = services.runs.get("a", "luca_1")
    assert run.problem is not None
    assert run.problem.message == "the store does not answer"


def test_a_file_whose_server_comes_back_is_waited_for_and_others_go_on(services: Services) -> None:
    seen: list[tuple[int, int]] = []  #: chunk, and files that are awaited then

    def stumble(event: ChunkPlanned, services: Services) -> list[Event]:
        seen.append((event.index, len(services.runs.get("a", "luca_1").awaited)))
        if event.index == 0 and len([index for index, _ in seen if index == 0]) < 3:
            raise ServiceUnavailableError("x.root: no answer", file="x.root")
        return make(event, services)

    drain(services, STEPS | {ChunkPlanned: stumble}, file_patience_s=60.0)

    run = services.runs.get("a", "luca_1")
    assert (run.status, run.awaited) == (Status.DONE, ())
    assert seen[-1] == (0, 1)  # it came last, and the run had said that it waits


def test_a_file_whose_server_stays_away_fails_the_run(services: Services) -> None:
    def stumble(event: ChunkPlanned, services: Services) -> list[Event]:
        raise ServiceUnavailableError("x.root: no answer", file="x.root")

    drain(services, STEPS | {ChunkPlanned: stumble}, file_patience_s=1.5)

    run = services.runs.get("a", "luca_1")
    assert run.problem is not None
    assert (run.problem.file, run.awaited) == ("x.root", ())


def test_a_server_that_wants_more_patience_than_a_run_has_fails_it_at_once(
    services: Services,
) -> None:
    def stumble(event: ChunkPlanned, services: Services) -> list[Event]:
        raise ServiceUnavailableError("x.root: it answers 429", file="x.root", retry_after_s=3600)

    drain(services, STEPS | {ChunkPlanned: stumble}, file_patience_s=600)

    run = services.runs.get("a", "luca_1")
    assert run.problem is not None
    assert (run.problem.file, run.status) == ("x.root", Status.FAILED)
    assert '"file_patience": 3600' in run.problem.hint


def test_an_unforeseen_error_fails_the_run(services: Services) -> None:
    def stumble(event: RunSubmitted, services: Services) -> list[Event]:
        raise ZeroDivisionError("by zero")

    drain(services, STEPS | {RunSubmitted: stumble})

    run = services.runs.get("a", "luca_1")
    assert run.problem is not None
    assert run.problem.code == "internal_error"


def test_the_training_overlaps_with_the_making_of_chunks(services: Services) -> None:
    trains = threading.Event()

    def wait_for_the_training(event: ChunkPlanned, services: Services) -> list[Event]:
        assert event.index == 0 or trains.wait(60)
        return make(event, services)

    def training(event: ChunkReady, services: Services) -> Iterator[Event]:
        if event.index == 0:
            trains.set()
        return train(event, services)

    drain(services, STEPS | {ChunkPlanned: wait_for_the_training, ChunkReady: training})

    assert services.runs.get("a", "luca_1").status is Status.DONE


def test_an_event_of_an_earlier_attempt_does_nothing(services: Services) -> None:
    run = services.runs.get("a", "luca_1")
    services.runs.delete("a", "luca_1")
    services.runs.create(replace(run, attempt=2))

    drain(services, STEPS)

    assert services.runs.get("a", "luca_1").status is Status.SUBMITTED
