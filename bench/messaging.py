"""Events per second into NATS, and the way of an event to a function and back.

    python bench/messaging.py

A real nats-server (every message on the disk before it is acknowledged), the real dispatcher, and
a gateway whose functions answer at once.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from mlaas4hep import bootstrap
from mlaas4hep.adapters.provision_nats import provision
from mlaas4hep.adapters.signing import SigningKey
from mlaas4hep.core.events import ChunkPlanned, ChunkReady
from mlaas4hep.core.run import Run
from mlaas4hep.local.natsd import NatsServer
from mlaas4hep.settings import Settings

EVENTS = 10_000
ROUNDS = 300
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Gateway(asyncio.Protocol):
    """Answers every call at once and notes when it came."""

    arrivals: "asyncio.Queue[float]"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._body = 0
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, _, rest = self._data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            if len(rest) < length:
                return
            self._data = rest[length:]
            self.arrivals.put_nowait(time.perf_counter())
            self._transport.write(ANSWER)  # type: ignore[attr-defined]


def event(run: str, index: int) -> ChunkPlanned:
    return ChunkPlanned(owner="0123456789abcdef", run=run, index=index, specs="0" * 60)


def report(what: str, seconds: list[float]) -> None:
    ordered = sorted(1000 * s for s in seconds)
    p99 = ordered[int(0.99 * len(ordered))]
    print(f"{what:44} p50 {statistics.median(ordered):7.2f} ms   p99 {p99:7.2f} ms")


async def measure(folder: Path) -> None:
    server = NatsServer(folder / "nats")
    server.start()
    await asyncio.to_thread(provision, server.url)
    Gateway.arrivals = asyncio.Queue()
    gateway = await asyncio.get_running_loop().create_server(Gateway, "127.0.0.1", 0)
    port = gateway.sockets[0].getsockname()[1]
    key = folder / "key.pem"
    key.write_text(SigningKey.new().private_pem)
    settings = Settings(nats=server.url)
    env = dict(
        os.environ,
        MLAAS_NATS=server.url,
        MLAAS_GATEWAY_URL=f"http://127.0.0.1:{port}",
        MLAAS_DISPATCHER_PRIVATE_KEY_FILE=str(key),
        MLAAS_DISPATCHER_LIMITS="specs=2,chunk-preprocess=16,train=4,predict=2",
        MLAAS_LOG_LEVEL="WARNING",
    )
    messaging = bootstrap.messaging(settings)
    with closing(messaging):
        await asyncio.to_thread(publishing, messaging)
        dispatcher = subprocess.Popen([sys.executable, "-m", "mlaas4hep.dispatcher"], env=env)
        started = await Gateway.arrivals.get()
        for _ in range(EVENTS - 1):
            last = await Gateway.arrivals.get()
        print(f"{'delivered, 16 at once':44} {EVENTS / (last - started):7.0f} events/s")
        await latencies(messaging)
        await asyncio.to_thread(records, messaging)
        dispatcher.terminate()
        dispatcher.wait()
    gateway.close()
    server.stop()


def publishing(messaging: bootstrap.Messaging) -> None:
    messaging.bus.publish([event("warm", 0)])
    begun = time.perf_counter()
    messaging.bus.publish([event("many", index) for index in range(1, EVENTS)])
    took = time.perf_counter() - begun
    print(f"{'published, in one list':44} {EVENTS / took:7.0f} events/s")


async def latencies(messaging: bootstrap.Messaging) -> None:
    told, arrived = [], []
    for index in range(ROUNDS):
        begun = time.perf_counter()
        await asyncio.to_thread(messaging.bus.publish, [event("one", index)])
        told.append(time.perf_counter() - begun)
        arrived.append(await Gateway.arrivals.get() - begun)
    report("published, one by one", told)
    report("from publish to the function's door", arrived)


def records(messaging: bootstrap.Messaging) -> None:
    run = Run(owner="a", name="r_1", folder="r", number=1, created_at=0.0, updated_at=0.0)
    messaging.runs.create(run)
    gets, applies = [], []
    for index in range(ROUNDS):
        begun = time.perf_counter()
        messaging.runs.get("a", "r_1")
        gets.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        messaging.runs.apply([ChunkReady(owner="a", run="r_1", index=index, key="k", entries=1)])
        applies.append(time.perf_counter() - begun)
    report("run record read", gets)
    report("run record changed (compare-and-set)", applies)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(measure(Path(temporary)))
