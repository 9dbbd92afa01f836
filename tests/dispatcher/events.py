"""What tests of the dispatcher publish, and what is left of it."""

import asyncio
import time

import nats

from mlaas4hep.core.runs.events import ChunkPlanned, RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.testing.nats import NatsServer

SUBMITTED = RunSubmitted(owner="a", run="luca_1")


def planned(owner: str, count: int, run: str = "luca_1") -> list[ChunkPlanned]:
    return [ChunkPlanned(owner=owner, run=run, index=i, specs="s") for i in range(count)]


def a_run(owner: str = "a") -> Run:
    now = time.time()
    return Run(owner=owner, name="luca_1", folder="luca", number=1, created_at=now, updated_at=now)


def left(server: NatsServer, stream: str, expected: int) -> int:
    """Return how many messages a stream holds, once the server has counted all acks."""
    return asyncio.run(_left(server.url, stream, expected))


async def _left(url: str, stream: str, expected: int) -> int:
    client = await nats.connect(url)
    jetstream = client.jetstream()
    count = -1
    for _ in range(100):
        count = (await jetstream.stream_info(stream)).state.messages
        if count == expected:
            break
        await asyncio.sleep(0.02)
    await client.close()
    return count
