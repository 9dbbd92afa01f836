"""NATS JetStream for code that is not asynchronous: the connection, and `Bus`."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.kv import KeyValue

from mlaas4hep.adapters import tracing
from mlaas4hep.adapters.nats.client import EndingClient
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import Event
from mlaas4hep.errors import ServiceUnavailableError, TooLargeError

T = TypeVar("T")

ANSWER_S = 5.0  #: NATS answers within that, or is away
NOTICED_S = 1.0  #: after which a watch looks whether the connection was lost; see `reconnects`
_PATIENCE_S = 60.0  #: longest that a call may take when it consists of several
_BATCH = 1000  #: events under way at once
_FOR_EVER = -1
WATCH = "watch"  #: name of tasks that go on until the connection is closed
_WORK = "work"  #: name of tasks that a thread waits for
_END_S = 1.0  #: that tasks have to end
_RECONNECT_S = 0.5
_PING_S = 5  #: a server that hangs is given up after three of them

Work = Callable[[JetStreamContext], Coroutine[Any, Any, T]]


class Connection:
    """One connection to NATS, on an asyncio loop in a thread of its own; usable from any thread.

    It is made at first use and mends itself; what is asked meanwhile fails after `ANSWER_S`.
    """

    def __init__(self, url: str, user: str = "", password: str = "", name: str = "") -> None:
        self._url = url
        self._user = user
        self._password = password
        self._name = name
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connecting: asyncio.Lock | None = None
        self._client: Client | None = None

    def run(self, work: Work[T], patience_s: float | None = _PATIENCE_S) -> T:
        """Return what `work(jetstream)` returns, run on the connection's loop.

        Raises:
            ServiceUnavailableError: NATS does not answer, or refuses.
        """
        with self._starting:  # or the loop could be closed meanwhile, and nobody would answer
            task = asyncio.run_coroutine_threadsafe(self._work(work), self._running_loop())
        with our_errors():
            try:
                return task.result(patience_s)
            finally:
                task.cancel()  # unless it is done

    def close(self) -> None:
        """Close the connection and end its thread; using it again connects again.

        Threads that wait in `run` meanwhile get ServiceUnavailableError.
        """
        with self._starting:
            loop, self._loop = self._loop, None
            client, self._client = self._client, None
        if loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(_end(client), loop).result(ANSWER_S)
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join()
        loop.close()

    async def _work(self, work: Work[T]) -> T:
        if (task := asyncio.current_task()) is not None:
            task.set_name(_WORK)
        return await work((await self._connected()).jetstream(timeout=ANSWER_S))

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._connecting = asyncio.Lock()
            self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
            self._thread.start()
        return self._loop

    async def _connected(self) -> Client:
        if self._connecting is None:
            raise RuntimeError("the loop is not running")
        async with self._connecting:
            if self._client is None or self._client.is_closed:
                self._client = await connect(self._url, self._user, self._password, self._name)
            return self._client


async def _end(client: Client | None) -> None:
    """End what still waits for the connection, and close it."""
    going = [task for task in asyncio.all_tasks() if task.get_name() in (WATCH, _WORK)]
    for task in going:
        task.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_S):
            await asyncio.gather(*going, return_exceptions=True)
    if client is not None:
        await client.close()


async def connect(url: str, user: str, password: str, name: str, **options: Any) -> Client:
    """Return a client that is connected, and reconnects for ever once it was.

    Raises:
        nats.errors.Error, OSError, TimeoutError: nobody answers at `url`, or not to this user.
    """
    client = EndingClient()
    async with AsyncExitStack() as unless_connected:
        unless_connected.push_async_callback(client.close)
        async with asyncio.timeout(ANSWER_S):
            await client.connect(
                url.split(","),
                user=user or None,
                password=password or None,
                name=name or None,
                inbox_prefix=f"_INBOX_{user}" if user else "_INBOX",
                reconnect_time_wait=_RECONNECT_S,  # type: ignore[arg-type]
                max_reconnect_attempts=1,
                ping_interval=_PING_S,
                error_cb=client.hear,
                **options,
            )
        unless_connected.pop_all()
    client.options["max_reconnect_attempts"] = _FOR_EVER
    return client


@contextmanager
def our_errors() -> Iterator[None]:
    """Translate every error of the NATS client."""
    try:
        yield
    except nats.errors.MaxPayloadError as error:
        raise TooLargeError("an event is larger than NATS carries") from error
    except CancelledError as error:
        raise ServiceUnavailableError("NATS: the connection was closed meanwhile") from error
    except (nats.errors.Error, TimeoutError, OSError) as error:
        what = str(error) or "no answer"
        raise ServiceUnavailableError(f"NATS: {what}") from error


def bucket(jetstream: JetStreamContext, name: str) -> KeyValue:
    """Return a key-value bucket without asking the server whether it is there."""
    return KeyValue(name=name, stream=f"KV_{name}", pre=f"$KV.{name}.", js=jetstream, direct=True)


def reconnects(jetstream: JetStreamContext) -> int:
    """Return how often the connection was lost and is back: the server may forget a watch then."""
    return jetstream._nc.stats["reconnects"]  # noqa: SLF001 - there is no other way to it


def key(*parts: str) -> str:
    """Return a key of one token per part; dots and whatever NATS refuses are written `=2E`."""
    return ".".join("".join(_escaped(letter) for letter in part) for part in parts)


def _escaped(letter: str) -> str:
    if letter.isascii() and (letter.isalnum() or letter in "-_"):
        return letter
    return "".join(f"={byte:02X}" for byte in letter.encode())


class JetStreamBus:
    """`Bus` on the work-queue stream; an event's id is the message's, so that echoes are dropped."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def publish(self, events: Iterable[Event], again: str = "") -> None:
        """Hand the events over durably: every one is acknowledged by the server."""
        wanted = [event for event in events if event.sent_to is not None]
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            trace = tracing.current().traceparent
            headers = {tracing.HEADER: trace} if trace else {}
            headers |= {cloudevents.AGAIN: again} if again else {}
            self._connection.run(partial(_publish, events=batch, again=again, headers=headers))


async def _publish(
    jetstream: JetStreamContext, events: list[Event], again: str, headers: dict[str, str]
) -> None:
    answers = [
        await jetstream.publish_async(
            event.sent_to or "",
            cloudevents.dump_event(event),
            headers={**headers, Header.MSG_ID: event.id + again},
        )
        for event in events
    ]
    try:
        async with asyncio.timeout(2 * ANSWER_S):
            await asyncio.gather(*answers)
    finally:
        for answer in answers:
            answer.cancel()
