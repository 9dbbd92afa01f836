"""Events that no delivery helps: they go into a stream of their own, for people to look at."""

import asyncio
import json
import logging
from dataclasses import asdict

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header

from mlaas4hep.adapters.nats.provision import DEAD_SUBJECT
from mlaas4hep.dispatcher.heldevents import mark
from mlaas4hep.errors import Problem

log = logging.getLogger(__name__)


class DeadLetters:
    """The events of one function that are given up."""

    def __init__(self, client: Client, function: str) -> None:
        self._client = client
        self._function = function
        self._burying: set[asyncio.Task[None]] = set()

    @property
    def burying(self) -> frozenset[asyncio.Task[None]]:
        """Return the burials of strange messages that are under way."""
        return frozenset(self._burying)

    async def bury(self, message: str, data: bytes, problem: Problem) -> None:
        """Keep a copy of a message and why it is given up; `message` is its mark."""
        headers = {
            Header.MSG_ID.value: message,
            "Mlaas-Function": self._function,
            "Mlaas-Problem": json.dumps(asdict(problem)),
        }
        await self._client.jetstream().publish(DEAD_SUBJECT, data, headers=headers)

    def bury_strange(self, message: Msg, problem: Problem) -> None:
        """Begin to bury a message that nobody understands; it comes back if that fails."""
        burying = asyncio.create_task(self._bury_strange(message, problem))
        self._burying.add(burying)
        burying.add_done_callback(self._buried)

    async def _bury_strange(self, message: Msg, problem: Problem) -> None:
        await self.bury(mark(message), message.data, problem)
        await message.ack()

    def _buried(self, burying: asyncio.Task[None]) -> None:
        self._burying.discard(burying)
        if not burying.cancelled() and burying.exception() is not None:
            log.warning("an event that nobody understands comes back: %s", burying.exception())
