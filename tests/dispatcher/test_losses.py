"""Dispatchers that stop or are killed, and servers that lose what they had: no event is lost."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import Any

import nats

from mlaas4hep.adapters.nats.provision import ACK_WAIT_S, STREAM
from mlaas4hep.core.runs.events import Event
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.ports import Bus, RunBook
from mlaas4hep.settings import Settings
from mlaas4hep.testing.nats import NatsServer
from tests.dispatcher.events import SUBMITTED, left, planned

Dispatching = Callable[[], AbstractContextManager[None]]


def test_a_dispatcher_that_stops_gives_back_what_waits_for_a_function_that_is_away(
    functions: Any, bus: Bus, dispatching: Dispatching
) -> None:
    functions.answer = lambda *_: (503, {})
    with dispatching():
        bus.publish([SUBMITTED])
        functions.wait_for(lambda: len(functions.calls) == 2)
    functions.answer = lambda *_: (200, {})
    before = len(functions.calls)

    with dispatching():
        functions.wait_for(lambda: len(functions.calls) > before, timeout_s=ACK_WAIT_S / 2)


def test_a_killed_dispatcher_loses_nothing(
    functions: Any, bus: Bus, runs: RunBook, settings: Settings, nats_server: NatsServer
) -> None:
    set_ack_wait(nats_server, 2.0)
    blocked = threading.Event()
    functions.answer = lambda *_: (200, {}) if blocked.wait(30) else (500, {})
    bus.publish(planned("a", 30))
    with dispatcher_process(settings) as process:
        functions.wait_for(lambda: len(functions.calls) == 4)
        process.kill()
    blocked.set()
    functions.answer = lambda *_: (200, {})
    with dispatcher_process(settings):
        functions.wait_for(lambda: len({event for _, event in functions.calls}) == 30)
        functions.wait_for(lambda: len(functions.calls) >= 34)

    assert left(nats_server, STREAM, 0) == 0


def test_a_dispatcher_that_is_told_to_stop_finishes_its_calls(
    functions: Any, bus: Bus, settings: Settings, nats_server: NatsServer
) -> None:
    go_on = threading.Event()
    functions.answer = lambda *_: (200, {}) if go_on.wait(20) else (500, {})
    bus.publish(planned("a", 10))
    with dispatcher_process(settings, stderr=subprocess.PIPE) as process:
        functions.wait_for(lambda: len(functions.calls) == 4)
        process.terminate()
        assert process.stderr is not None
        assert any(b"stopping" in line for line in process.stderr)
        go_on.set()

        process.communicate()
        assert process.returncode == 0
    assert len(functions.calls) == 4
    assert left(nats_server, STREAM, 6) == 6


def test_a_dispatcher_whose_nats_server_went_first_ends_with_a_line(
    functions: Any, bus: Bus, settings: Settings, nats_server: NatsServer
) -> None:
    with dispatcher_process(settings, stderr=subprocess.PIPE) as process:
        bus.publish([SUBMITTED])
        functions.wait_for(lambda: len(functions.calls) == 1)
        nats_server.kill()
        assert process.stderr is not None
        assert any(b"Connect call failed" in line for line in process.stderr)
        process.terminate()

        _, said = process.communicate()
    assert b"closed without telling it the last" in said, said.decode()
    assert process.returncode == 0, said.decode()


def test_a_killed_nats_server_loses_nothing(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    bus.publish(planned("a", 200))
    with dispatching():
        functions.wait_for(lambda: len(functions.calls) >= 20)
        nats_server.kill()
        nats_server.start()
        functions.wait_for(lambda: len({event for _, event in functions.calls}) == 200)
        bus.publish(planned("a", 10, run="luca_2"))
        functions.wait_for(lambda: len({event for _, event in functions.calls}) == 210)


def test_a_stream_that_is_made_again_loses_no_event_although_its_numbers_begin_anew(
    functions: Any, bus: Bus, dispatching: Dispatching, nats_server: NatsServer
) -> None:
    first, second = planned("a", 2)
    go_on = threading.Event()
    functions.answer = lambda _, event: (200, {}) if event != first.id or go_on.wait(20) else ()
    with dispatching():
        bus.publish([first])
        functions.wait_for(lambda: len(functions.calls) == 1)
        asyncio.run(delete(nats_server, STREAM))
        publish_when_there(bus, second)  # it gets the number that the first had

        functions.wait_for(lambda: len(functions.calls) == 2)
        go_on.set()

        assert left(nats_server, STREAM, 0) == 0
    assert {event for _, event in functions.calls} == {first.id, second.id}


async def delete(server: NatsServer, stream: str) -> None:
    client = await nats.connect(server.url)
    await client.jetstream().delete_stream(stream)
    await client.close()


def publish_when_there(bus: Bus, event: Event) -> None:
    """Publish as everybody does: again, while the stream is not there."""
    until = time.monotonic() + 120
    while True:
        try:
            bus.publish([event])
        except ServiceUnavailableError:
            assert time.monotonic() < until
        else:
            return


def set_ack_wait(server: NatsServer, seconds: float) -> None:
    async def update() -> None:
        client = await nats.connect(server.url)
        jetstream = client.jetstream()
        config = (await jetstream.consumer_info(STREAM, "chunk-preprocess")).config
        config.ack_wait = seconds
        await jetstream.add_consumer(STREAM, config)
        await client.close()

    asyncio.run(update())


@contextmanager
def dispatcher_process(
    settings: Settings, stderr: int | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    env = {f"MLAAS_{name.upper()}": str(value) for name, value in asdict(settings).items()}
    with subprocess.Popen(
        [sys.executable, "-m", "mlaas4hep.dispatcher"], env=dict(os.environ) | env, stderr=stderr
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
