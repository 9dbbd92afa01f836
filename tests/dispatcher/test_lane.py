"""One function's events: which of them are called, and what is seen of those that wait."""

import asyncio
from dataclasses import replace
from typing import Any

from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from mlaas4hep.adapters.memory import MemoryRunBook
from mlaas4hep.core.runs.events import Event, RangePlanned
from mlaas4hep.dispatcher.lane import Lane
from mlaas4hep.dispatcher.metrics import Metrics
from mlaas4hep.dispatcher.verdict import CallOutcome
from mlaas4hep.errors import Problem
from tests.dispatcher.events import SUBMITTED, AnsweredMessage, a_run, message, planned


def oldest(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value(
        "mlaas_oldest_waiting_timestamp_seconds", {"function": "chunk-preprocess"}
    )


def test_it_is_told_when_the_oldest_event_that_waits_was_told() -> None:
    nobody: Any = None
    metrics = Metrics()
    lane = Lane(
        "chunk-preprocess",
        limit=0,
        per_owner=1,
        client=Client(),
        caller=nobody,
        runs=nobody,
        bus=nobody,
        metrics=metrics,
    )
    before = oldest(metrics.registry)
    for number, told_s in enumerate((30, 20, 40)):
        (event,) = planned("a", 1, run=f"luca_{number}")
        lane._receive(message(event, number + 1, told_s))
    waiting = oldest(metrics.registry)
    lane.stream_is_new()

    assert (before, waiting, oldest(metrics.registry)) == (0, 20, 0)


DONE, OVER = CallOutcome(status=200), CallOutcome(status=200, is_over=True)
AWAY = CallOutcome(
    status=503, problem=Problem(code="service_unavailable", message="silent", file="x.root")
)


class Calls:
    """Calls of a function, which end when the test says how."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Future[CallOutcome]] = {}  #: by event id
        self._begun: asyncio.Queue[str] = asyncio.Queue()

    async def call(
        self, _function: str, event_id: str, _body: bytes, **_options: Any
    ) -> CallOutcome:
        self._open[event_id] = asyncio.get_running_loop().create_future()
        self._begun.put_nowait(event_id)
        return await self._open[event_id]

    async def begun(self, count: int) -> set[str]:
        async with asyncio.timeout(30):
            return {await self._begun.get() for _ in range(count)}

    def end(self, event: Event, outcome: CallOutcome) -> None:
        self._open[event.id].set_result(outcome)


def lane_of(function: str, limit: int, calls: Any, runs: Any = None) -> Lane:
    nobody: Any = None
    return Lane(
        function,
        limit=limit,
        per_owner=limit,
        client=Client(),
        caller=calls,
        runs=runs,
        bus=nobody,
        metrics=Metrics(),
    )


def of_file(owner: str, file: int, index: int) -> RangePlanned:
    return RangePlanned(owner=owner, run="luca_1", index=index, file=file, start=0, stop=1)


def test_files_whose_servers_are_silent_leave_a_place_for_everything_else() -> None:
    asyncio.run(_beside_silent_files())


async def _beside_silent_files() -> None:
    calls: Any = Calls()
    runs = MemoryRunBook(lambda: 0.0)
    runs.create(a_run("a"))
    lane = lane_of("specs", 2, calls, runs)
    silent = [of_file("a", file=0, index=index) for index in range(4)]
    well = [of_file("a", file=1, index=index) for index in (4, 5)]
    others = of_file("b", file=0, index=0)
    for number, event in enumerate([*silent, *well, others]):
        lane._receive(message(event, number + 1, number))

    assert await calls.begun(2) == {silent[0].id, silent[1].id}
    calls.end(silent[0], AWAY)
    assert await calls.begun(1) == {others.id}
    calls.end(others, CallOutcome(status=200))
    assert await calls.begun(1) == {well[0].id}
    calls.end(silent[1], AWAY)
    assert await calls.begun(1) == {silent[2].id}
    calls.end(well[0], CallOutcome(status=200))
    assert await calls.begun(1) == {well[1].id}
    await lane.stop(0)


def test_of_a_run_that_is_over_what_waits_is_settled_and_what_comes_later_is_asked_about() -> None:
    asyncio.run(_after_the_end())


async def _after_the_end() -> None:
    calls: Any = Calls()
    lane = lane_of("specs", 1, calls)
    of_it = [of_file("a", file=0, index=index) for index in range(5)]
    again, other = replace(of_it[1], attempt=2), replace(of_it[1], run="luca_2")
    late = of_file("a", file=0, index=9)
    messages = [
        message(event, number + 1, number, kind=AnsweredMessage)
        for number, event in enumerate([*of_it, SUBMITTED, again, other, late])
    ]
    for one in messages[:-1]:
        lane._receive(one)

    assert await calls.begun(1) == {of_it[0].id}
    calls.end(of_it[0], OVER)
    for event in (SUBMITTED, again, other):
        assert await calls.begun(1) == {event.id}
        calls.end(event, DONE)
    lane._receive(messages[-1])
    assert await calls.begun(1) == {late.id}
    assert [one.is_acked for one in messages] == [True] * 8 + [False]
    assert lane.held == 1
    await lane.stop(0)


def test_what_could_not_be_settled_of_a_run_that_is_over_comes_again() -> None:
    asyncio.run(_after_an_end_that_nats_did_not_hear())


async def _after_an_end_that_nats_did_not_hear() -> None:
    calls: Any = Calls()
    lane = lane_of("specs", 1, calls)
    of_it = [of_file("a", file=0, index=index) for index in range(3)]
    messages = [
        message(event, number + 1, number, kind=AnsweredMessage)
        for number, event in enumerate(of_it)
    ]
    messages[1].is_away = True
    for one in messages:
        lane._receive(one)

    assert await calls.begun(1) == {of_it[0].id}
    calls.end(of_it[0], OVER)
    lane._receive(message(SUBMITTED, 9, 9))
    assert await calls.begun(1) == {SUBMITTED.id}  # the others wait no more
    lane._receive(messages[1])
    calls.end(SUBMITTED, DONE)
    assert await calls.begun(1) == {of_it[1].id}
    await lane.stop(0)
