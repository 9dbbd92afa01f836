"""Large answers that nobody reads: predict keeps few of one person's, and none for long."""

import asyncio
from functools import partial

import pytest

from mlaas4hep.adapters.identity.memory import MemoryPeople
from mlaas4hep.faas.metrics import CALLER_LEFT
from mlaas4hep.faas.unread import Unread
from mlaas4hep.http.predict.app import app, limits
from mlaas4hep.settings import Settings
from tests.calls import PATIENCE_S

PATH = "/netron/app/view.js"  # some 280 kB that anybody may ask for


class Reader:
    """Who asks, and reads what comes as soon as `go_on` is set."""

    def __init__(self):
        self.go_on, self.began = asyncio.Event(), asyncio.Event()
        self.status, self.body, self.is_whole = 0, b"", False

    async def receive(self):
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.began.set()
        await self.go_on.wait()
        self.body += message["body"]
        self.is_whole = not message.get("more_body", False)


@pytest.fixture
def served(world):
    return partial(app, world.services, limits(Settings()), MemoryPeople())


def asked(door, reader):
    scope = {"type": "http", "method": "GET", "path": PATH, "query_string": b"", "headers": []}
    return asyncio.ensure_future(door.answered(scope, reader.receive, reader.send))


def run(steps):
    return asyncio.run(asyncio.wait_for(steps(), PATIENCE_S))


def test_what_one_person_leaves_unread_is_bounded(served):
    async def steps():
        door, slow, second, third = served(unread=Unread(most_bytes=400_000)), *readers(3)
        first = asked(door, slow)
        await slow.began.wait()
        second.go_on.set()
        refused = await asked(door, second)
        slow.go_on.set()
        third.go_on.set()
        return await first, refused, await asked(door, third), second.body, slow.is_whole

    first, refused, third, said, is_whole = run(steps)

    assert (first, refused, third, is_whole) == (200, 429, 200, True)
    assert b"of answers to you are not read yet" in said


def test_an_answer_that_nobody_reads_is_given_up(served):
    async def steps():
        door, (slow, quick) = served(unread=Unread(0.05, most_bytes=400_000)), readers(2)
        status = await asked(door, slow)
        quick.go_on.set()
        return status, slow.is_whole, await asked(door, quick)

    assert run(steps) == (CALLER_LEFT, False, 200)


def readers(count):
    return [Reader() for _ in range(count)]
