import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext

from mlaas4hep import bootstrap
from mlaas4hep.adapters.memory import MemoryDeadLetters
from mlaas4hep.adapters.nats.connection import Connection, JetStreamBus
from mlaas4hep.adapters.nats.leases import JetStreamLeases
from mlaas4hep.adapters.nats.provision import CONSUMERS, STREAM, missing
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.bootstrap import Messaging
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import (
    FilesOpened,
    RunCancelled,
    RunSubmitted,
)
from mlaas4hep.core.runs.inputfiles import AwaitedFile
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.dispatcher.housekeeping import Housekeeping
from mlaas4hep.dispatcher.metrics import Metrics
from mlaas4hep.dispatcher.sweeper import QUIET_S, Sweeper
from mlaas4hep.errors import MlaasError, NotFoundError
from mlaas4hep.pipeline.records import store_run
from mlaas4hep.ports import NoAudit, RunBook
from mlaas4hep.settings import Settings
from mlaas4hep.testing.nats import NatsServer

RUN = Run(owner="a", name="luca_1", id="1", folder="luca", number=1, created_at=1.0, updated_at=1.0)

WHO = {"owner": "a", "run": "luca_1"}


def test_a_run_whose_first_event_was_never_told_goes_on(
    functions: Any, runs: RunBook, dispatching: Any
) -> None:
    runs.create(RUN)

    with dispatching():
        functions.wait_for(lambda: functions.calls == [("specs", RunSubmitted(**WHO).id)])


@pytest.mark.parametrize("lost", [[STREAM], ["KV_mlaas-leases"], ["KV_mlaas-runs", "MLAAS_DEAD"]])
def test_streams_and_buckets_that_are_deleted_are_made_again(
    nats_server: NatsServer, messaging: bootstrap.Messaging, lost: list[str]
) -> None:
    async def sweep() -> bool:
        client = await nats.connect(nats_server.url)
        jetstream = client.jetstream()
        for name in lost:
            await jetstream.delete_stream(name)
        before = await missing(jetstream)
        await Sweeper([], client=client, messaging=messaging, metrics=Metrics()).sweep()
        after = await missing(jetstream)
        await client.close()
        return before >= set(lost) and not after

    assert asyncio.run(sweep())


async def _emptied(jetstream: JetStreamContext, how: str) -> None:
    if how == "purged":
        await jetstream.purge_stream("KV_mlaas-runs")
    else:
        await jetstream.delete_stream("KV_mlaas-runs")


async def _swept(sweeper: Sweeper, book: JetStreamRunBook, runs: int) -> None:
    """Sweep until the book is there and has so many runs."""
    async with asyncio.timeout(60):
        while True:
            with suppress(MlaasError):
                await sweeper.sweep()
                if (await asyncio.to_thread(_exists, book)) and len(book.list()) == runs:
                    return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("how", ["purged", "deleted"])
def test_runs_whose_bucket_is_emptied_are_there_again_and_no_process_is_started_anew(
    nats_server: NatsServer, tmp_path: Path, how: str
) -> None:
    connection = Connection(nats_server.url)
    book = JetStreamRunBook(connection, lambda: 2.0, look_s=0.1)
    store = bootstrap.services(Settings(store=tmp_path.as_uri()))
    services = replace(store, runs=book, bus=JetStreamBus(connection))
    for number in (1, 2):
        young = replace(RUN, name=f"luca_{number}", number=number, updated_at=time.time())
        store_run(young, {}, services)
    for _ in range(20):  # many changes: revisions of the new bucket are lower
        book.apply([FilesOpened(**WHO, files=1, ranges=1, entries=1)])
    messaging = Messaging(
        bus=services.bus,
        runs=book,
        leases=JetStreamLeases(connection),
        audit=NoAudit(),
        dead_letters=MemoryDeadLetters(),
        close=connection.close,
    )
    assert len(book.list()) == 2

    async def sweep() -> None:
        client = await nats.connect(nats_server.url)
        await _emptied(client.jetstream(), how)
        sweeper = Sweeper(
            [],
            client=client,
            messaging=messaging,
            metrics=Metrics(),
            housekeeping=Housekeeping(services),
        )
        await _swept(sweeper, book, runs=2)
        await client.close()

    try:
        asyncio.run(sweep())
        assert told(nats_server) == {"a/luca_1", "a/luca_2"}  # at once: others may hold old events
        book.apply([RunCancelled(owner="a", run="luca_2")])
        assert {run.name: run.status for run in book.list()}["luca_2"] is Status.CANCELLED
    finally:
        connection.close()


def test_runs_go_on_while_the_store_is_away(
    nats_server: NatsServer, messaging: bootstrap.Messaging, tmp_path: Path
) -> None:
    messaging.runs.create(RUN)
    (tmp_path / "key").write_text("access:secret")
    nobody = Settings(store="http://127.0.0.1:9", store_key_file=str(tmp_path / "key"))
    services = replace(bootstrap.services(nobody), runs=messaging.runs, bus=messaging.bus)

    async def sweep() -> None:
        client = await nats.connect(nats_server.url)
        keeping = Housekeeping(services)
        sweeper = Sweeper(
            [], client=client, messaging=messaging, metrics=Metrics(), housekeeping=keeping
        )
        await sweeper.sweep()
        await client.close()

    asyncio.run(sweep())

    assert told(nats_server) == {"a/luca_1"}


def test_what_was_told_again_and_lost_again_is_told_once_more(
    nats_server: NatsServer, messaging: bootstrap.Messaging
) -> None:
    messaging.runs.create(RUN)

    assert asyncio.run(swept_later(nats_server, messaging, clock_s=1000.0)) == [1, 0, 1]


def test_a_lost_run_is_found_although_the_clock_was_put_back_since(
    nats_server: NatsServer, messaging: bootstrap.Messaging
) -> None:
    messaging.runs.create(replace(RUN, updated_at=5000.0))

    assert asyncio.run(swept_later(nats_server, messaging, clock_s=1000.0)) == [0, 0, 1]


def test_a_run_whose_server_wants_to_be_left_alone_is_not_told_to_ask_it(
    nats_server: NatsServer, messaging: bootstrap.Messaging
) -> None:
    file = AwaitedFile(file="x", tries=1, most=3, again_at=1000.0 + QUIET_S, reason="429")
    messaging.runs.create(replace(RUN, awaited=(file,)))

    assert asyncio.run(swept_later(nats_server, messaging, clock_s=1000.0)) == [0, 0, 1]


async def swept_later(
    server: NatsServer, messaging: bootstrap.Messaging, clock_s: float
) -> list[int]:
    """Return how much is told in three sweeps: now, soon, and after a run counts as quiet."""
    client = await nats.connect(server.url)
    now = [0.0]
    sweeper = Sweeper(
        [],
        client=client,
        messaging=messaging,
        metrics=Metrics(),
        clock=lambda: clock_s + now[0],
        steady=lambda: now[0],
    )
    counts = []
    for later_s in (0, QUIET_S / 2, QUIET_S):
        now[0] += later_s
        await sweeper.sweep()
        state = (await client.jetstream().stream_info(STREAM)).state
        counts.append(state.messages)
        await client.jetstream().purge_stream(STREAM)
    await client.close()
    return counts


def test_every_run_goes_on_at_once_when_the_stream_of_events_was_lost(
    nats_server: NatsServer, messaging: bootstrap.Messaging
) -> None:
    messaging.runs.create(replace(RUN, updated_at=time.time()))  # nobody misses anything yet
    asyncio.run(_swept_after_losing(nats_server, messaging, STREAM))

    assert told(nats_server) == {"a/luca_1"}


async def _swept_after_losing(
    server: NatsServer, messaging: bootstrap.Messaging, stream: str
) -> None:
    client = await nats.connect(server.url)
    await client.jetstream().delete_stream(stream)
    await Sweeper([], client=client, messaging=messaging, metrics=Metrics()).sweep()
    await client.close()


def told(server: NatsServer) -> set[str]:
    """Return the runs that are told to begin."""

    async def read() -> set[str]:
        client = await nats.connect(server.url)
        jetstream = client.jetstream()
        state = (await jetstream.stream_info(STREAM)).state
        sequences = range(state.first_seq, state.last_seq + 1) if state.messages else ()
        events = [
            cloudevents.load_event((await jetstream.get_msg(STREAM, number)).data or b"")
            for number in sequences
        ]
        await client.close()
        return {f"{event.owner}/{event.run}" for event in events}

    return asyncio.run(read())


def _exists(book: RunBook) -> bool:
    try:
        book.get("a", "luca_1")
    except NotFoundError:
        return False
    return True


def test_a_consumer_that_is_deleted_is_made_again(
    nats_server: NatsServer, messaging: bootstrap.Messaging
) -> None:
    async def sweep() -> bool:
        client = await nats.connect(nats_server.url)
        await client.jetstream().delete_consumer(STREAM, next(iter(CONSUMERS)))
        await Sweeper([], client=client, messaging=messaging, metrics=Metrics()).sweep()
        gone = await missing(client.jetstream())
        await client.close()
        return not gone

    assert asyncio.run(sweep())
