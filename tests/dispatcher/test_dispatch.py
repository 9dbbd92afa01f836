import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from typing import Any

import nats

from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.identity.tokens import DispatcherVerifier
from mlaas4hep.adapters.nats.provision import STREAM
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import Problem
from mlaas4hep.ports import Bus, RunBook
from mlaas4hep.testing.nats import NatsServer
from tests.dispatcher.events import SUBMITTED, a_run, left, planned

Dispatching = Callable[[], AbstractContextManager[None]]
FAILED = Problem(code="internal_error", message="something went wrong inside")


def test_an_event_reaches_its_function_with_a_token_for_it_alone(
    functions: Any, bus: Bus, dispatching: Dispatching, signing_key: SigningKey
) -> None:
    with dispatching():
        bus.publish([SUBMITTED])
        functions.wait_for(lambda: functions.calls == [("specs", SUBMITTED.id)])

    headers = functions.headers[0]
    assert headers["content-type"] == "application/cloudevents+json"
    verifier = DispatcherVerifier(signing_key.public_pem, "specs")
    assert verifier.event_id(headers["authorization"]) == SUBMITTED.id


def test_what_is_done_is_gone(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    with dispatching():
        bus.publish(planned("a", 20))
        functions.wait_for(lambda: len(functions.calls) == 20)

    assert left(nats_server, STREAM, 0) == 0


def test_a_function_that_fails_once_gets_the_event_again(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    functions.answer = lambda *_: (
        (500, {"error": asdict(FAILED)}) if len(functions.calls) == 1 else (200, {})
    )
    with dispatching():
        bus.publish([SUBMITTED])
        functions.wait_for(lambda: len(functions.calls) == 2)

    assert left(nats_server, STREAM, 0) == 0


def test_a_function_that_is_not_there_yet_gets_the_event_later(
    functions: Any, bus: Bus, runs: RunBook, dispatching: Dispatching
) -> None:
    functions.answer = lambda *_: (404 if len(functions.calls) <= 2 else 200, {})
    runs.create(a_run())
    with dispatching():
        bus.publish([SUBMITTED])
        functions.wait_for(lambda: len(functions.calls) == 3)

    assert runs.get("a", "luca_1").status is Status.SUBMITTED


def test_a_lost_call_is_made_again_also_where_nobody_can_say_whether_the_function_is_ready(
    functions: Any, bus: Bus, runs: RunBook, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    functions.readiness = 404
    functions.answer = lambda *_: (502 if len(functions.calls) <= 2 else 200, {})
    runs.create(a_run())
    with dispatching():
        bus.publish([SUBMITTED])
        functions.wait_for(lambda: len(functions.calls) == 3)

        assert left(nats_server, STREAM, 0) == 0
    assert runs.get("a", "luca_1").status is Status.SUBMITTED


def test_a_run_says_which_file_it_waits_for_until_it_comes(
    functions: Any, bus: Bus, runs: RunBook, dispatching: Dispatching
) -> None:
    runs.create(a_run())
    away = Problem(code="service_unavailable", message="no answer", file="x.root")
    functions.answer = lambda *_: (
        (503, {"error": asdict(away)}) if len(functions.calls) < 3 else (200, {})
    )
    bus.publish([SUBMITTED])

    with dispatching():
        waiting = runs.wait("a", "luca_1", lambda run: bool(run.awaited), 60)
        came = runs.wait("a", "luca_1", lambda run: not run.awaited and run != a_run(), 60)

    (awaited,) = waiting.awaited
    assert (awaited.file, awaited.reason, awaited.most) == ("x.root", "no answer", 15)
    assert (came.awaited, len(functions.calls)) == ((), 3)


def test_a_run_shows_when_a_server_wants_to_be_asked_again(
    functions: Any, bus: Bus, runs: RunBook, dispatching: Dispatching
) -> None:
    run = a_run()
    runs.create(run)
    away = Problem(code="service_unavailable", message="'x.root': it answers 429", file="x.root")
    functions.answer = lambda *_: (503, {"error": asdict(away)}, {"Retry-After": "300"})
    bus.publish([SUBMITTED])

    with dispatching():
        waiting = runs.wait("a", "luca_1", lambda run: bool(run.awaited), 60)

    (awaited,) = waiting.awaited
    assert awaited.sentence(awaited.again_at - 300) == (
        "waiting for x.root: attempt 2 of 3, next in 300 s, because it answers 429"
    )
    assert awaited.again_at >= run.created_at + 300


def test_a_run_that_may_skip_a_bad_file_is_told_to_open_the_others(
    functions: Any, bus: Bus, runs: RunBook, dispatching: Dispatching
) -> None:
    runs.create(replace(a_run(), skips_bad_files=True))
    bad = Problem(code="damaged", message="broken", file="x.root", stage="specs")
    functions.answer = lambda *_: (
        (422, {"error": asdict(bad)}) if len(functions.calls) < 2 else (200, {})
    )
    bus.publish([SUBMITTED])

    with dispatching():
        functions.wait_for(lambda: len(functions.calls) == 2)

    again = replace(SUBMITTED, attempt=2)
    assert functions.calls == [("specs", SUBMITTED.id), ("specs", again.id)]
    assert [each.file for each in runs.get("a", "luca_1").given_up] == ["x.root"]


def test_a_function_that_is_away_is_not_called_for_every_event(
    functions: Any, bus: Bus, dispatching: Dispatching
) -> None:
    functions.answer = lambda *_: (503 if len(functions.calls) <= 3 else 200, {})
    with dispatching():
        bus.publish(planned("a", 500))
        functions.wait_for(lambda: len({event for _, event in functions.calls}) == 500)

    assert len(functions.calls) < 520


def test_events_of_a_run_that_is_over_are_settled_with_few_calls(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    """What comes while the function answers is asked about again."""
    functions.answer = lambda *_: (200, {"event": "e", "over": True})
    bus.publish(planned("a", 500))
    bus.publish(planned("a", 3, run="luca_2"))
    with dispatching():
        assert 0 in (left(nats_server, STREAM, 0) for _ in range(20))  # the server syncs each ack

    assert len(functions.calls) < 250
    assert any("luca_2" in event for _, event in functions.calls)


def test_no_more_calls_at_once_than_the_limit(
    functions: Any, bus: Bus, dispatching: Dispatching
) -> None:
    with running(functions) as counts, dispatching():
        bus.publish(planned("a", 50))
        functions.wait_for(lambda: len(functions.calls) == 50)

    assert counts["most"] == 4


def test_two_dispatchers_share_the_events_and_none_is_done_twice(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    go_on = threading.Event()
    functions.answer = lambda *_: (200, {}) if go_on.wait(20) else (500, {})
    with dispatching(), dispatching():
        asyncio.run(somebody_waits(nats_server, "chunk-preprocess", dispatchers=2))
        bus.publish(planned("a", 40))
        functions.wait_for(lambda: len(functions.calls) == 8)  # twice what one calls at once
        go_on.set()
        functions.wait_for(lambda: len(functions.calls) == 40)
        assert left(nats_server, STREAM, 0) == 0

    assert Counter(event for _, event in functions.calls) == Counter(
        event.id for event in planned("a", 40)
    )


async def somebody_waits(server: NatsServer, consumer: str, dispatchers: int) -> None:
    """Return when so many dispatchers wait for events."""
    client = await nats.connect(server.url)
    async with asyncio.timeout(20):
        while True:
            told = await client.jetstream().consumer_info(STREAM, consumer)
            if told.num_waiting == dispatchers:
                break
            await asyncio.sleep(0.02)
    await client.close()


def test_a_busy_function_is_asked_for_less_at_once(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    with running(functions, room=2) as counts, dispatching():
        bus.publish(planned("a", 60))
        functions.wait_for(lambda: len(functions.calls) - counts["refused"] == 60)

    assert counts["refused"] < 40
    assert left(nats_server, STREAM, 0) == 0


def test_one_persons_many_chunks_do_not_starve_anothers_few(
    functions: Any, bus: Bus, dispatching: Dispatching
) -> None:
    bus.publish(planned("many", 2000))
    bus.publish(planned("few", 10))
    go_on = threading.Event()
    functions.answer = lambda *_: (200, {}) if go_on.wait(20) else (500, {})
    with dispatching():
        functions.wait_for(lambda: len(functions.calls) == 4)  # so many at once; the rest waits
        go_on.set()
        functions.wait_for(lambda: sum(e.startswith("few/") for _, e in functions.calls) == 10)

        assert len(functions.calls) < 1000


@contextmanager
def running(functions: Any, room: int = 99) -> Iterator[Counter[str]]:
    """Counts how many calls run at once; refuses those for which there is no room."""
    counts: Counter[str] = Counter()
    lock = threading.Lock()

    def answer(*_: str) -> tuple[int, dict[str, Any]]:
        with lock:
            if counts["now"] >= room:
                counts["refused"] += 1
                return 429, {}
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        threading.Event().wait(0.02)
        with lock:
            counts["now"] -= 1
            counts["done"] += 1
        return 200, {}

    functions.answer = answer
    yield counts


def test_a_function_is_told_that_an_event_is_told_again(
    functions: Any, bus: Bus, dispatching: Dispatching
) -> None:
    with dispatching():
        bus.publish([SUBMITTED], again="17")
        functions.wait_for(lambda: len(functions.calls) == 1)

    assert functions.headers[0]["mlaas-again"] == "17"
