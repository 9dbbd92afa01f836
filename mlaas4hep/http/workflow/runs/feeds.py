"""Changes of runs for those who watch: one task a run that is watched, no thread a watcher.

A feed reads its run once for all of its watchers, when the run book says that something changed,
and renders it once. Many changes at once are told as one.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from mlaas4hep.errors import MlaasError, NotFoundError, ServiceUnavailableError
from mlaas4hep.ports import RunBook

log = logging.getLogger(__name__)

HEARTBEAT_S = 10.0
_LOOK_S = 60.0  #: a run is read again after that, should its change not have been heard
_GAP_S = 0.25  #: least time between two looks at a run
MAX_WATCHERS = 2000  #: of one process; each takes a connection and some kilobytes

Key = tuple[str, str]  #: owner and name of a run


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A run as its watchers get to know it."""

    mark: str  #: changes whenever the run does
    event: bytes  #: for a stream of server-sent events
    is_last: bool


GONE = State(mark="", event=b"event: deleted\ndata: {}\n\n", is_last=True)
Look = Callable[[str, str], State]  #: blocking; NotFoundError


class _Feed:
    """One run that is watched."""

    def __init__(self, key: Key, look: Look) -> None:
        self.watchers = 0
        self.state: State | None = None
        self._key = key
        self._look = look
        self._stir = asyncio.Event()
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._follow())

    def stir(self) -> None:
        """Look at the run again."""
        self._stir.set()

    async def changed(self, seen: str, timeout_s: float) -> State | None:
        """Return the state once its mark is not `seen`, or None after the time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.state is None or self.state.mark == seen:
                    await self._news.wait()
                return self.state
        return None

    async def _follow(self) -> None:
        while self.state is None or not self.state.is_last:
            self._stir.clear()
            self._take(await self._looked())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._stir.wait()
            await asyncio.sleep(_GAP_S)

    async def _looked(self) -> State | None:
        try:
            return await asyncio.to_thread(self._look, *self._key)
        except NotFoundError:
            return GONE
        except MlaasError as error:  # the next look may be luckier
            log.warning("run %s/%s: %s", *self._key, error)
            self._stir.set()
            return None

    def _take(self, state: State | None) -> None:
        if state is not None and state != self.state:
            self.state = state
            self._news.set()
            self._news = asyncio.Event()


class Feeds:
    """Every run that somebody watches through this process."""

    def __init__(self, book: RunBook, look: Look) -> None:
        """Take the run book and what reads and renders a run."""
        self._book = book
        self._look = look
        self._feeds: dict[Key, _Feed] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._unhear: Callable[[], None] | None = None

    async def events(self, owner: str, name: str) -> AsyncIterator[bytes]:
        """Yield server-sent events, one for each change, until the run is over."""
        yield b"retry: 1000\n\n"
        async with self._watched((owner, name)) as feed:
            seen: State | None = None
            while not (seen and seen.is_last) and not self._closing.is_set():
                now = await feed.changed(seen.mark if seen else "-", HEARTBEAT_S)
                yield b": still there\n\n" if now is None else now.event
                seen = now or seen

    async def change(self, owner: str, name: str, seen: str, timeout_s: float) -> None:
        """Return when the run's mark is not `seen`, or after the time."""
        async with self._watched((owner, name)) as feed:
            await feed.changed(seen, timeout_s)

    @property
    def watched(self) -> int:
        """Return how many watch."""
        return sum(feed.watchers for feed in tuple(self._feeds.values()))

    def check_room(self) -> None:
        """Refuse one watcher too many.

        Raises:
            ServiceUnavailableError: this process has enough.
        """
        if self.watched >= MAX_WATCHERS:
            raise ServiceUnavailableError(
                "too many streams are open here", hint="ask GET /runs/NAME from time to time"
            )

    def close(self) -> None:
        """End every stream; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._closing.set()
        for feed in self._feeds.values():
            feed.task.cancel()
            feed._take(State(mark="closing", event=b": bye\n\n", is_last=True))  # noqa: SLF001

    @contextlib.asynccontextmanager
    async def _watched(self, key: Key) -> AsyncIterator[_Feed]:
        await self._listen()
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(key, self._look)
        feed.watchers += 1
        try:
            yield feed
        finally:
            feed.watchers -= 1
            if not feed.watchers:
                feed.task.cancel()
                if self._feeds.get(key) is feed:
                    del self._feeds[key]

    async def _listen(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._unhear = await asyncio.to_thread(self._book.hear, self._heard)

    def _heard(self, owner: str, name: str) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stir, (owner, name))

    def _stir(self, key: Key) -> None:
        feed = self._feeds.get(key)
        if feed is not None:
            feed.stir()
