from collections.abc import Iterator
from dataclasses import replace

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.memory import MemoryBus
from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    ChunkReady,
    EpochEnded,
    Event,
    ModelReady,
    RunCancelled,
    RunSubmitted,
    SpecsReady,
)
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.pipeline.reactions import react
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings

SUBMITTED = RunSubmitted(owner="a", run="luca_1")
FIRST = ChunkReady(owner="a", run="luca_1", index=0, key="k", entries=1)


@pytest.fixture
def services() -> Services:
    services = bootstrap.services(Settings())
    services.runs.create(
        Run(owner="a", name="luca_1", folder="luca", number=1, created_at=0, updated_at=0)
    )
    return services


def published(services: Services) -> list[str]:
    assert isinstance(services.bus, MemoryBus)
    return services.bus.published


def never(_event: Event, _services: Services) -> list[Event]:
    raise AssertionError("the step must not run")


def test_news_are_in_the_run_before_they_are_told(services: Services) -> None:
    seen = []

    class Bus(MemoryBus):
        def publish(self, _events: object, _again: str) -> None:
            seen.append(services.runs.get("a", "luca_1").chunks.done)

    react(SUBMITTED, lambda _event, _services: [FIRST], replace(services, bus=Bus()))

    assert seen == [1]


def test_what_says_that_all_is_told_comes_after_it(services: Services) -> None:
    """A crash in between is mended: the next delivery tells everything again."""
    seen = []

    class Bus(MemoryBus):
        def publish(self, _events: object, _again: str) -> None:
            seen.append(services.runs.get("a", "luca_1").status)

    planned = ChunkPlanned(owner="a", run="luca_1", index=0, specs="s")
    ready = SpecsReady(owner="a", run="luca_1", key="s", entries=1, columns=1, chunks=1)
    react(SUBMITTED, lambda _event, _services: [planned, ready], replace(services, bus=Bus()))

    assert seen == [Status.SUBMITTED, Status.PREPARING]


def test_the_news_of_what_is_told_again_are_no_echo_either(services: Services) -> None:
    react(SUBMITTED, lambda _event, _services: [FIRST], services)
    react(SUBMITTED, lambda _event, _services: [FIRST], services)
    react(SUBMITTED, lambda _event, _services: [FIRST], services, again="17")

    assert published(services) == [FIRST.id, FIRST.id]


def test_nothing_is_done_for_a_run_that_is_deleted(services: Services) -> None:
    services.runs.delete("a", "luca_1")

    assert react(SUBMITTED, never, services) is True


def test_nothing_is_done_for_a_run_that_is_over(services: Services) -> None:
    services.runs.apply([RunCancelled(owner="a", run="luca_1")])

    assert react(SUBMITTED, never, services) is True


def test_nothing_is_done_for_another_attempt(services: Services) -> None:
    assert react(replace(SUBMITTED, attempt=2), never, services) is True


def test_a_run_that_goes_on_or_is_done_is_not_said_to_be_over(services: Services) -> None:
    """Each event of a run that is done lets somebody clean up who died before."""
    ready = ModelReady(owner="a", run="luca_1", model="m", version="1")

    assert react(SUBMITTED, lambda _event, _services: [FIRST], services) is False
    assert react(FIRST, lambda _event, _services: [ready], services) is False
    assert react(SUBMITTED, never, services) is False


def test_a_model_that_is_ready_is_told_although_the_run_is_done(services: Services) -> None:
    ready = ModelReady(owner="a", run="luca_1", model="m", version="1")
    warmed = []

    react(FIRST, lambda _event, _services: [ready], services)
    react(ready, lambda event, _services: warmed.append(event) or [], services)

    assert published(services) == [ready.id]
    assert warmed == [ready]


@pytest.mark.parametrize("how", ["cancelled", "deleted"])
def test_long_work_ends_when_the_run_does(services: Services, how: str) -> None:
    closed = []

    def work(_event: Event, services: Services) -> Iterator[Event]:
        try:
            yield EpochEnded(owner="a", run="luca_1", round=0)
            if how == "cancelled":
                services.runs.apply([RunCancelled(owner="a", run="luca_1")])
            else:
                services.runs.delete("a", "luca_1")
            yield EpochEnded(owner="a", run="luca_1", round=1)
            raise AssertionError("it goes on")
        finally:
            closed.append(True)

    react(FIRST, work, services)

    assert closed == [True]


def test_an_error_says_in_which_function_it_happened(services: Services) -> None:
    def refuse(_event: Event, _services: Services) -> list[Event]:
        raise InvalidRequestError("no such tree", file="a.root")

    with pytest.raises(InvalidRequestError) as caught:
        react(SUBMITTED, refuse, services)

    assert (caught.value.problem.stage, caught.value.problem.file) == ("specs", "a.root")


def test_an_error_that_knows_where_it_happened_is_left_alone(services: Services) -> None:
    def refuse(_event: Event, _services: Services) -> list[Event]:
        raise ForbiddenError("no", stage="upload")

    with pytest.raises(ForbiddenError) as caught:
        react(SUBMITTED, refuse, services)

    assert caught.value.problem.stage == "upload"
