"""Events of one durable consumer, as they come: pull requests that stay open.

nats-py's `fetch` asks twice and waits for full batches; here every message is handed on at once.
"""

import asyncio
import json
import logging
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg

log = logging.getLogger(__name__)

_OPEN_S = 30  #: the server answers a request within that, at the latest that there is nothing
_HEARTBEAT_S = 5
_SILENCE_S = 2.5 * _HEARTBEAT_S  #: the server forgot the request: it was restarted
_PAUSE_S = 0.5
_MOST = 500  #: messages per request
_NANO = 1_000_000_000
_HEARTBEAT, _EXPIRED = "100", "408"


class Pull:
    """Asks for as many messages as there is room for, again and again."""

    def __init__(
        self,
        client: Client,
        stream: str,
        consumer: str,
        on_message: Callable[[Msg], None],
        room: Callable[[], int],
    ) -> None:
        self._client = client
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._consumer = consumer
        self._on_message = on_message
        self._room = room
        self._inbox = client.new_inbox()
        self._open = 0  #: messages that the server still owes to the current request
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Pull until cancelled."""
        subscription = await self._client.subscribe(self._inbox, cb=self._received)
        try:
            while True:
                await self._request()
                await self._until_answered()
        finally:
            if not self._client.is_closed:
                await subscription.unsubscribe()

    def more_room(self) -> None:
        """Look again whether there is room; to be called when an event is done."""
        self._changed.set()

    def reconnected(self) -> None:
        """Ask again: the server that owed us messages is another one now."""
        self._open = 0
        self._changed.set()

    async def _request(self) -> None:
        while (batch := min(self._room(), _MOST)) < 1:
            self._changed.clear()
            await self._changed.wait()
        self._open = batch
        request = {
            "batch": batch,
            "expires": _OPEN_S * _NANO,
            "idle_heartbeat": _HEARTBEAT_S * _NANO,
        }
        await self._client.publish(self._next, json.dumps(request).encode(), self._inbox)

    async def _until_answered(self) -> None:
        while self._open > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(_SILENCE_S):  # wait_for swallows cancellations
                    await self._changed.wait()
            except TimeoutError:
                log.warning("%s: NATS is silent; asking again", self._consumer)
                return

    async def _received(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            self._open -= 1
            self._on_message(message)
        elif status != _HEARTBEAT:
            if status != _EXPIRED:
                log.info("%s: NATS says %s", self._consumer, message.headers)
                await asyncio.sleep(_PAUSE_S)  # such as: the server shuts down
            self._open = 0
        self._changed.set()
