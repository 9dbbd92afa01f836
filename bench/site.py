"""`python -m bench.site`: a large site's events through the real dispatcher, functions asleep.

    python -m bench.site [--events 1000000] [--in-flight 1000] [--seconds 1.0] [--dispatchers 1]

A real nats-server and the real dispatcher; each call of a function takes `--seconds` and does
nothing, as if a node somewhere worked. What is printed goes into docs/scale.md: a line after each
tenth of the events, which shows what grows, and the whole.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

from bench import gateway
from bench.gateway import Calls
from bench.messaging import start_dispatcher
from bench.predict.servers import cpu_s, memory_mb
from mlaas4hep import bootstrap
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.core.runs.events import ChunkPlanned
from mlaas4hep.settings import Settings
from mlaas4hep.testing.nats import NatsServer

BATCH = 500
BACKLOG = 50_000  #: events that wait in the stream, at most
PEOPLE = 50


def planned(number: int) -> ChunkPlanned:
    run = f"r_{number // 1000 + 1}"
    return ChunkPlanned(owner=f"{number % PEOPLE:016x}", run=run, index=number, specs="0" * 60)


async def publish(messaging: bootstrap.Messaging, events: int, calls: Calls) -> None:
    """Publish all events, never more than `BACKLOG` ahead of those that are done."""
    for first in range(0, events, BATCH):
        while first - calls.answered > BACKLOG:
            await calls.arrivals.get()
        batch = [planned(number) for number in range(first, min(first + BATCH, events))]
        await asyncio.to_thread(messaging.bus.publish, batch)


async def simulate(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Return what was measured, from the first event to the last answer."""
    calls = Calls(options.seconds)
    with ExitStack() as stack:
        server = NatsServer(folder / "nats")
        server.start()
        stack.callback(server.stop)
        await asyncio.to_thread(provision, server.url)
        functions, port = await gateway.start(calls)
        stack.callback(functions.close)
        limits = f"chunk-preprocess={options.in_flight}"
        started = [
            start_dispatcher(folder, server.url, port, limits) for _ in range(options.dispatchers)
        ]
        for each in started:
            stack.callback(each.wait)
            stack.callback(each.terminate)
        messaging = stack.enter_context(closing(bootstrap.messaging(Settings(nats=server.url))))
        pids = [*(each.pid for each in started), server.pid]
        took = await carried(messaging, options.events, calls, pids)
        return {
            "events/s": options.events / took,
            "calls at once, most": calls.most_under_way,
            **costs(pids[:-1], server.pid, options.events),
        }


async def carried(
    messaging: bootstrap.Messaging, events: int, calls: Calls, pids: list[int]
) -> float:
    """Return the seconds until every event is published and its call answered."""
    begun = time.perf_counter()
    tenths = iter(range(events // 10, events, max(1, events // 10)))
    mark = next(tenths, events)
    async with asyncio.TaskGroup() as group:
        group.create_task(publish(messaging, events, calls))
        while calls.answered < events:
            await asyncio.sleep(0.02)
            if calls.answered >= mark:
                tell_progress(calls.answered, time.perf_counter() - begun, pids)
                mark = next(tenths, events)
    return time.perf_counter() - begun


def tell_progress(answered: int, seconds: float, pids: list[int]) -> None:
    """Print what was done so far, and the memory that each process has taken at most."""
    memory = " ".join(f"{memory_mb(pid):5d}" for pid in pids)
    sys.stdout.write(f"{answered:9d} events {seconds:7.0f} s; MB of dispatchers, NATS {memory}\n")
    sys.stdout.flush()


def costs(dispatchers: list[int], nats: int, events: int) -> dict[str, float]:
    """Return what the processes took."""
    return {
        "CPU us an event, dispatchers": 1e6 * sum(map(cpu_s, dispatchers)) / events,
        "CPU us an event, NATS": 1e6 * cpu_s(nats) / events,
        "memory MB, largest dispatcher": max(map(memory_mb, dispatchers)),
        "memory MB, NATS": memory_mb(nats),
    }


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
