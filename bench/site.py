"""`python -m bench.site`: a large site's events through the real dispatcher, functions asleep.

    python -m bench.site [--events 1000000] [--in-flight 1000] [--seconds 1.0] [--dispatchers 1]

A real nats-server and the real dispatcher; each call of a function takes `--seconds` and does
nothing, as if a node somewhere worked. What is printed goes into docs/scale.md.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

from bench.part import ROOT
from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.core.runs.events import ChunkPlanned
from mlaas4hep.settings import Settings
from mlaas4hep.testing.nats import NatsServer

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BATCH = 5000
BACKLOG = 50_000  #: events that wait in the stream, at most
PEOPLE = 50
TICKS = os.sysconf("SC_CLK_TCK")


class Sleeper(asyncio.Protocol):
    """One connection to functions that answer after a while; counts over all connections."""

    seconds = 1.0
    asleep = most_asleep = done = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, rest = self._data.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(rest) < length:
            return
        self._data = rest[length:]
        kind = type(self)
        Sleeper.asleep += 1
        Sleeper.most_asleep = max(kind.most_asleep, kind.asleep)
        asyncio.get_running_loop().call_later(self.seconds, self._wake)

    def _wake(self) -> None:
        Sleeper.asleep -= 1
        Sleeper.done += 1
        self._transport.write(ANSWER)  # type: ignore[attr-defined]


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mb(pid: int) -> float:
    """Return the most memory that a process has had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"process {pid} has no memory")


def planned(number: int) -> ChunkPlanned:
    run = f"r_{number // 1000 + 1}"
    return ChunkPlanned(owner=f"{number % PEOPLE:016x}", run=run, index=number, specs="0" * 60)


async def publish(messaging: bootstrap.Messaging, events: int) -> None:
    """Publish all events, never more than `BACKLOG` ahead of those that are done."""
    for first in range(0, events, BATCH):
        while first - Sleeper.done > BACKLOG:
            await asyncio.sleep(0.05)
        batch = [planned(number) for number in range(first, min(first + BATCH, events))]
        await asyncio.to_thread(messaging.bus.publish, batch)


async def simulate(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Return what was measured, from the first event to the last answer."""
    Sleeper.seconds = options.seconds
    with ExitStack() as stack:
        server = NatsServer(folder / "nats")
        server.start()
        stack.callback(server.stop)
        await asyncio.to_thread(provision, server.url)
        functions = await asyncio.get_running_loop().create_server(
            Sleeper, "127.0.0.1", 0, backlog=4096
        )
        port = functions.sockets[0].getsockname()[1]
        pids = [
            stack.enter_context(dispatcher(folder, server.url, port, options)).pid
            for _ in range(options.dispatchers)
        ]
        messaging = stack.enter_context(closing(bootstrap.messaging(Settings(nats=server.url))))
        begun = time.perf_counter()
        publishing = asyncio.create_task(publish(messaging, options.events))
        while Sleeper.done < options.events:
            await asyncio.sleep(0.02)
        took = time.perf_counter() - begun
        await publishing
        return {
            "events/s": options.events / took,
            "the sleep alone would allow": options.in_flight
            * options.dispatchers
            / max(options.seconds, 1e-9),
            "calls at once, most": Sleeper.most_asleep,
            "CPU us an event, dispatchers": 1e6 * sum(map(cpu_s, pids)) / options.events,
            "CPU us an event, NATS": 1e6 * cpu_s(server.pid) / options.events,
            "memory MB, largest dispatcher": max(map(peak_mb, pids)),
            "memory MB, NATS": peak_mb(server.pid),
        }


def dispatcher(
    folder: Path, nats: str, port: int, options: argparse.Namespace
) -> "subprocess.Popen[bytes]":
    """Start a dispatcher; leaving its context ends it."""
    key = folder / "key.pem"
    if not key.exists():
        key.write_text(SigningKey.new().private_pem)
    return _Ended(
        [sys.executable, "-m", "mlaas4hep.dispatcher"],
        cwd=ROOT,
        env=dict(
            os.environ,
            MLAAS_NATS=nats,
            MLAAS_GATEWAY_URL=f"http://127.0.0.1:{port}",
            MLAAS_DISPATCHER_PRIVATE_KEY_FILE=str(key),
            MLAAS_DISPATCHER_LIMITS=f"chunk-preprocess={options.in_flight}",
            MLAAS_LOG_LEVEL="WARNING",
        ),
    )


class _Ended(subprocess.Popen[bytes]):
    def __exit__(self, *_: object) -> None:
        self.terminate()
        self.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--in-flight", type=int, default=1000, help="calls of each dispatcher")
    parser.add_argument("--seconds", type=float, default=1.0, help="that a call takes")
    parser.add_argument("--dispatchers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, value in asyncio.run(simulate(options, Path(folder))).items():
            sys.stdout.write(f"{name:32} {value:12.1f}\n")


if __name__ == "__main__":
    main()
