"""What tests of the dispatcher publish, and what is left of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import ChunkPlanned, Event, RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import Problem
from mlaas4hep.testing.nats import NatsServer

SUBMITTED = RunSubmitted(owner="a", run="luca_1")
M = TypeVar("M", bound=Msg)
_SECOND_NS = 1_000_000_000


def planned(owner: str, count: int, run: str = "luca_1") -> list[ChunkPlanned]:
    return [ChunkPlanned(owner=owner, run=run, index=i, specs="s") for i in range(count)]


def a_run(owner: str = "a") -> Run:
    now = time.time()
    return Run(owner=owner, name="luca_1", folder="luca", number=1, created_at=now, updated_at=now)


def refusing(problem: Problem) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Return what functions answer that refuse every event."""
    return lambda *_: (422, {"error": asdict(problem)})


class AnsweredMessage(Msg):
    """A message whose acknowledgement is noted, or fails."""

    is_acked, is_away = False, False

    async def ack(self) -> None:
        if self.is_away:
            raise nats.errors.ConnectionClosedError
        self.is_acked = True


def message(event: Event, number: int, at_s: int, consumed: int = 1, kind: type[M] = Msg) -> M:
    """Return an event as the server delivers it, the `consumed`-th of its consumer."""
    reply = f"$JS.ACK.MLAAS.specs.1.{number}.{consumed}.{at_s * _SECOND_NS}.0"
    data = cloudevents.dump_event(event)
    return kind(Client(), subject="mlaas.specs", reply=reply, data=data, headers=None)


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
