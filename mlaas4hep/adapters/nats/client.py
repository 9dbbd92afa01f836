"""nats-py's client, whose requests end when the server refuses them and when they are cancelled."""

import asyncio
import logging
import re
from collections import defaultdict
from contextlib import suppress
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

log = logging.getLogger(__name__)

_REFUSED = re.compile(r'permissions violation for publish to "([^"]+)"', re.IGNORECASE)


class RefusedError(nats.errors.Error):
    """The user has no right to ask for that."""

    def __str__(self) -> str:
        return f"its user has no right to {self.args[0]!r}: deploy/nats/users.py writes the rights"


class EndingClient(Client):
    """A client whose requests do not outlive what ends them.

    The server tells a refusal beside the requests and never answers them: without this each would
    wait for its whole time. One line of the log tells a right that is missing. And nats-py awaits
    answers with `wait_for`, in which Python 3.11 loses a cancellation that comes with the answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asking: defaultdict[str, set[asyncio.Timeout]] = defaultdict(
            set
        )  #: what waits, by subject
        self._told: set[str] = set()

    async def request(self, subject: str, *args: Any, **options: Any) -> Msg:
        """Return the answer.

        Raises:
            RefusedError: the user may not ask for it.
        """
        task = asyncio.current_task()
        before = 0 if task is None else task.cancelling()
        key = subject.lower()  # as nats-py reads what the server says
        try:
            async with asyncio.timeout(None) as asking:
                self.asking[key].add(asking)
                answer = await super().request(subject, *args, **options)
                if task is not None and task.cancelling() > before:
                    raise asyncio.CancelledError
                return answer
        except TimeoutError:
            if asking.expired():
                raise RefusedError(subject) from None
            raise
        finally:
            self.asking[key].discard(asking)
            if not self.asking[key]:
                del self.asking[key]

    async def drain(self) -> None:
        """Send what is still to be sent, and close; nobody waits for a server that is away."""
        try:
            await super().drain()
        except (nats.errors.Error, OSError) as error:
            log.warning("NATS: %s: closed without telling it the last", str(error) or "no answer")
            await self.close()

    async def close(self) -> None:
        """Close; what a server that is away was still to be told is dropped."""
        if self.is_reconnecting:  # nats-py would write it to the connection that was lost
            self._pending, self._pending_data_size = [], 0
        with suppress(OSError):  # it was lost just now
            await super().close()

    async def hear(self, error: Exception) -> None:
        """Take an error that the server tells; nats-py calls this."""
        said = str(error) or type(error).__name__
        refused = _REFUSED.search(said)
        for asking in tuple(self.asking.get(refused[1].lower(), ())) if refused else ():
            asking.reschedule(asyncio.get_running_loop().time())
        if refused is None or said not in self._told:
            log.warning("NATS: %s", said)
        if refused is not None:
            self._told.add(said)
