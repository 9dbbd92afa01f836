"""Events that no delivery helps, and where they lie."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import nats

from mlaas4hep.adapters.nats.provision import DEAD_STREAM, STREAM
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import Problem
from mlaas4hep.ports import Bus, RunBook
from mlaas4hep.testing.nats import NatsServer
from tests.dispatcher.events import SUBMITTED, a_run, left, refusing

Dispatching = Callable[[], AbstractContextManager[None]]


def test_nonsense_is_buried(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    async def publish() -> None:
        client = await nats.connect(nats_server.url)
        await client.jetstream().publish("mlaas.specs", b"nonsense")
        await client.close()

    asyncio.run(publish())
    with dispatching():
        bus.publish([SUBMITTED])
        functions.wait_for(lambda: functions.calls == [("specs", SUBMITTED.id)])

    assert left(nats_server, STREAM, 0) == 0
    assert left(nats_server, DEAD_STREAM, 1) == 1


def test_the_dead_letter_is_the_event_itself(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer, runs: RunBook
) -> None:
    functions.answer = refusing(Problem(code="c", message="größer"))
    runs.create(a_run())
    with dispatching():
        bus.publish([SUBMITTED])
        runs.wait("a", "luca_1", lambda run: run.is_final, 20)

    async def last() -> Any:
        client = await nats.connect(nats_server.url)
        message = await client.jetstream().get_last_msg(DEAD_STREAM, "mlaas.dead")
        await client.close()
        return message

    dead = asyncio.run(last())
    assert cloudevents.load_event(dead.data) == SUBMITTED
    assert dead.headers["Mlaas-Function"] == "specs"


def test_what_can_never_succeed_is_parked_and_fails_the_run(
    functions: Any, bus: Bus, runs: RunBook, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    problem = Problem(code="invalid_request", message="no such branch", stage="specs")
    functions.answer = refusing(problem)
    runs.create(a_run())
    with dispatching():
        bus.publish([SUBMITTED])
        run = runs.wait("a", "luca_1", lambda run: run.is_final, 20)

    assert (run.status, run.problem) == (Status.FAILED, problem)
    assert len(functions.calls) == 1
    assert left(nats_server, STREAM, 0) == 0
    assert left(nats_server, DEAD_STREAM, 1) == 1


def test_a_strange_event_is_parked_and_its_run_goes_on(
    functions: Any, bus: Bus, runs: RunBook, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    strange = Problem(code="strange_event", message="there is no range 7", stage="specs")
    functions.answer = refusing(strange)
    runs.create(a_run())
    with dispatching():
        bus.publish([SUBMITTED])
        functions.wait_for(lambda: len(functions.calls) == 1)
        assert left(nats_server, DEAD_STREAM, 1) == 1

    assert left(nats_server, STREAM, 0) == 0
    assert runs.get("a", "luca_1").status is Status.SUBMITTED
