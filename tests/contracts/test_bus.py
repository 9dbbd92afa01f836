import asyncio
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import nats
import pytest

from mlaas4hep.adapters.memory import MemoryBus
from mlaas4hep.adapters.nats.connection import Connection, JetStreamBus
from mlaas4hep.adapters.nats.provision import CONSUMERS, STREAM
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady, Event, SpecsReady
from mlaas4hep.errors import ServiceUnavailableError, TooLargeError
from mlaas4hep.ports import Bus
from mlaas4hep.testing.nats import NatsServer

Received = Callable[[], dict[str, list[Event]]]


@pytest.fixture(params=["memory", "jetstream"])
def bus(request: pytest.FixtureRequest) -> Bus:
    if request.param == "memory":
        return MemoryBus()
    connection: Connection = request.getfixturevalue("connection")
    return JetStreamBus(connection)


@pytest.fixture
def received(bus: Bus, request: pytest.FixtureRequest) -> Received:
    """Takes what waits for each function."""
    if isinstance(bus, MemoryBus):
        return lambda: _from_memory(bus)
    server: NatsServer = request.getfixturevalue("nats_server")
    return lambda: asyncio.run(_from_jetstream(server.url))


def _from_memory(bus: MemoryBus) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {name: [] for name in CONSUMERS}
    while event := bus.next(idle=lambda: True):
        found[(event.subject or "").removeprefix("mlaas.")].append(event)
    return found


async def _from_jetstream(url: str) -> dict[str, list[Event]]:
    client = await nats.connect(url)
    jetstream = client.jetstream()
    found = {}
    for name in CONSUMERS:
        pull = await jetstream.pull_subscribe_bind(name, STREAM)
        waiting = (await jetstream.consumer_info(STREAM, name)).num_pending
        found[name] = []
        while len(found[name]) < waiting:
            for message in await pull.fetch(min(500, waiting - len(found[name])), timeout=60):
                found[name].append(cloudevents.load_event(message.data))
                await message.ack_sync()
    await client.close()
    return found


@pytest.fixture
def run() -> str:
    return f"r{uuid.uuid4().hex[:8]}"


def planned(run: str, index: int) -> ChunkPlanned:
    return ChunkPlanned(owner="a", run=run, index=index, specs="s")


def test_every_event_reaches_its_function_in_order(bus: Bus, received: Received, run: str) -> None:
    news = [planned(run, index) for index in range(5)]
    ready = ChunkReady(owner="a", run=run, index=0, key="k", entries=3)

    bus.publish([*news, ready])

    assert received() == {
        "specs": [],
        "chunk-preprocess": news,
        "train": [ready],
        "predict": [],
    }


def test_an_echo_is_dropped(bus: Bus, received: Received, run: str) -> None:
    bus.publish([planned(run, 0), planned(run, 0)])
    bus.publish([planned(run, 0)])
    first = received()
    bus.publish([planned(run, 0)])

    assert first["chunk-preprocess"] == [planned(run, 0)]
    assert received()["chunk-preprocess"] == []


def test_an_event_without_a_subject_is_sent_to_nobody(
    bus: Bus, received: Received, run: str
) -> None:
    bus.publish([SpecsReady(owner="a", run=run, key="s", entries=1, columns=1, chunks=1)])

    assert not any(received().values())


def test_many_events_at_once_all_arrive(bus: Bus, received: Received, run: str) -> None:
    news = [planned(run, index) for index in range(2500)]

    bus.publish(iter(news))

    assert received()["chunk-preprocess"] == news


def test_nothing_at_all_can_be_published(bus: Bus, received: Received) -> None:
    bus.publish([])

    assert not any(received().values())


def test_an_event_larger_than_nats_carries_is_refused_for_good(
    connection: Connection, run: str
) -> None:
    event = ChunkPlanned(owner="a", run=run, index=0, specs="s" * 2_000_000)

    with pytest.raises(TooLargeError):
        JetStreamBus(connection).publish([event])


def test_a_server_that_is_away_is_said_to_be_away(run: str) -> None:
    connection = Connection("nats://127.0.0.1:9")
    try:
        with pytest.raises(ServiceUnavailableError, match="NATS"):
            JetStreamBus(connection).publish([planned(run, 0)])
    finally:
        connection.close()


def test_who_waits_while_the_connection_is_closed_is_told(nats_server: NatsServer) -> None:
    connection, waits = Connection(nats_server.url), threading.Event()

    async def work(_jetstream: object) -> None:
        waits.set()
        await asyncio.gather(asyncio.Event().wait())

    with ThreadPoolExecutor() as pool:
        told = pool.submit(connection.run, work)
        waits.wait()
        connection.close()

        with pytest.raises(ServiceUnavailableError, match="closed meanwhile"):
            told.result(10)
