"""`python -m bench.messaging`: events into NATS, to a function's door and back as an ack.

A real nats-server (every message on the disk before it is acknowledged), the real dispatcher, and
a gateway whose functions answer at once.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import nats
from nats.aio.msg import Msg

from bench import gateway
from bench.gateway import Calls
from bench.part import ROOT, run
from bench.predict.servers import memory_mb
from bench.table import Line, Sample, lines
from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady
from mlaas4hep.core.runs.run import Run
from mlaas4hep.settings import Settings
from mlaas4hep.testing.nats import NatsServer

DELIVERED, ACKNOWLEDGED = "published, delivered, acknowledged; 16 at once", "event to ack"
EVENTS = 5_000
WAITS = 200


def event(run: str, index: int) -> ChunkPlanned:
    return ChunkPlanned(owner="0123456789abcdef", run=run, index=index, specs="0" * 60)


def latency(seconds: list[float]) -> Sample:
    ordered = sorted(1000 * each for each in seconds)
    size = len(ordered)
    return Sample(ordered[size // 2], notes={"p99 ms": ordered[int(0.99 * size)]})


def start_dispatcher(
    folder: Path, nats: str, gateway_port: int, limits: str
) -> "subprocess.Popen[bytes]":
    """Start the real dispatcher; all of a folder have one key."""
    key = folder / "key.pem"
    if not key.exists():
        key.write_text(SigningKey.new().private_pem)
    return subprocess.Popen(
        [sys.executable, "-m", "mlaas4hep.dispatcher"],
        cwd=ROOT,
        env=dict(
            os.environ,
            MLAAS_NATS=nats,
            MLAAS_GATEWAY_URL=f"http://127.0.0.1:{gateway_port}",
            MLAAS_DISPATCHER_PRIVATE_KEY_FILE=str(key),
            MLAAS_DISPATCHER_LIMITS=limits,
            MLAAS_LOG_LEVEL="WARNING",
        ),
    )


async def all_of(folder: Path, rounds: int) -> list[Line]:
    server = NatsServer(folder / "nats")
    server.start()
    await asyncio.to_thread(provision, server.url)
    calls = Calls()
    functions, port = await gateway.start(calls)
    dispatcher = start_dispatcher(
        folder, server.url, port, "specs=2,chunk-preprocess=16,train=4,predict=2"
    )
    messaging = bootstrap.messaging(Settings(nats=server.url))
    observer = await nats.connect(server.url)
    acks: asyncio.Queue[float] = asyncio.Queue()

    async def on_ack(message: Msg) -> None:
        if message.data in (b"", b"+ACK"):  # others say that the work goes on
            acks.put_nowait(time.perf_counter())

    await observer.subscribe("$JS.ACK.MLAAS.>", cb=on_ack)
    await observer.flush()
    try:
        with closing(messaging):
            await asyncio.to_thread(messaging.bus.publish, [event("warm", 0)])
            await acks.get()
            many, waits = [], []
            for number in range(rounds):
                many.append(await throughput(messaging, calls, acks, number))
                waits.append(await latencies(messaging, calls, acks, number))
                for done, name in ((many[-1], DELIVERED), (waits[-1], ACKNOWLEDGED)):
                    done[name] = replace(done[name], memory_mb=memory_mb(dispatcher.pid))
                waits[-1] |= await asyncio.to_thread(records, messaging, number)
    finally:
        await observer.close()
        dispatcher.terminate()
        dispatcher.wait()
        functions.close()
        server.stop()
    return lines("messaging", "events/s", many, {}) + lines("messaging", "ms", waits, {})


async def throughput(
    messaging: bootstrap.Messaging, calls: Calls, acks: "asyncio.Queue[float]", number: int
) -> dict[str, Sample]:
    """Publish many events at once; every one goes to a function and is acknowledged."""
    _empty(calls.arrivals, acks)
    batch = [event(f"many{number}", index) for index in range(EVENTS)]
    begun = time.perf_counter()
    await asyncio.to_thread(messaging.bus.publish, batch)
    published = time.perf_counter() - begun
    for _ in batch:
        last = await acks.get()
    return {
        "published, in one list": Sample(EVENTS / published),
        DELIVERED: Sample(EVENTS / (last - begun)),
    }


async def latencies(
    messaging: bootstrap.Messaging, calls: Calls, acks: "asyncio.Queue[float]", number: int
) -> dict[str, Sample]:
    """Publish one event after the other."""
    told, arrived, acknowledged = [], [], []
    _empty(calls.arrivals, acks)
    for index in range(WAITS):
        begun = time.perf_counter()
        await asyncio.to_thread(messaging.bus.publish, [event(f"one{number}", index)])
        told.append(time.perf_counter() - begun)
        arrived.append(await calls.arrivals.get() - begun)
        acknowledged.append(await acks.get() - begun)
    return {
        "event published": latency(told),
        "event to the function's door": latency(arrived),
        ACKNOWLEDGED: latency(acknowledged),
    }


def _empty(*queues: "asyncio.Queue[float]") -> None:
    for queue in queues:
        while not queue.empty():
            queue.get_nowait()


def records(messaging: bootstrap.Messaging, number: int) -> dict[str, Sample]:
    """Read and change a run's record."""
    name = f"r_{number + 1}"
    run = Run(owner="a", name=name, folder="r", number=1, created_at=0.0, updated_at=0.0)
    messaging.runs.create(run)
    gets, applies = [], []
    for index in range(WAITS):
        begun = time.perf_counter()
        messaging.runs.get("a", name)
        gets.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        messaging.runs.apply([ChunkReady(owner="a", run=name, index=index, key="k", entries=1)])
        applies.append(time.perf_counter() - begun)
    return {
        "run record read": latency(gets),
        "run record changed (compare-and-set)": latency(applies),
    }


def measure(options: argparse.Namespace) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(all_of(Path(folder), options.rounds))
    return [line for line in found if options.only in line.name]


if __name__ == "__main__":
    run("messaging", __doc__, measure)
