"""What ends a request to NATS, where no server is needed to see it."""

import asyncio

from nats.aio.client import Client

from mlaas4hep.adapters.nats.client import EndingClient


class Answering(Client):
    """Awaits an answer as nats-py does."""

    async def request(self, _subject, answer):
        return await asyncio.wait_for(answer, 60)


class Tried(EndingClient, Answering):
    """Our client before it."""


def test_a_cancellation_that_comes_with_the_answer_is_not_lost():
    async def scene():
        answer = asyncio.get_running_loop().create_future()
        asking = asyncio.create_task(Tried().request("runs", answer))
        await asyncio.sleep(0)
        answer.set_result("told")
        asking.cancel()
        await asyncio.wait([asking])
        return asking.cancelled()

    assert asyncio.run(scene())


def test_an_answer_is_returned_and_nothing_is_kept_of_the_question():
    async def scene():
        client, answer = Tried(), asyncio.get_running_loop().create_future()
        answer.set_result("told")
        return await client.request("runs", answer), dict(client.asking)

    assert asyncio.run(scene()) == ("told", {})
