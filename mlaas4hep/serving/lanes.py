"""Threads for work with models, shared fairly: each owner has a few, whoever else needs how many.

An owner for whom nothing runs is given a thread at once, also where others hold all that are shared.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mlaas4hep.errors import ServiceUnavailableError

T = TypeVar("T")

THREADS, OF_OWNER = 32, 4
_FIRSTS = 224  #: more threads, for the first piece of work of an owner; they start when needed
MAX_QUEUED = 1000  #: pieces of work of one owner


class Lanes:
    """Runs work in threads; used from one event loop."""

    def __init__(
        self, threads: int = THREADS, of_owner: int = OF_OWNER, max_queued: int = MAX_QUEUED
    ) -> None:
        self._pool = ThreadPoolExecutor(threads + _FIRSTS, thread_name_prefix="models")
        self._threads = threads
        self._of_owner = of_owner
        self._max_queued = max_queued
        self._running: Counter[str] = Counter()
        self._queued: dict[str, deque[Callable[[], None]]] = {}

    def start(self, owner: str, work: Callable[[], None]) -> None:
        """Run `work`, which raises nothing, in a thread as soon as the owner has one free.

        Raises:
            ServiceUnavailableError: too much of the owner's work is waiting already.
        """
        if not self._may_run(owner):
            queue = self._queued.setdefault(owner, deque())
            if len(queue) >= self._max_queued:
                raise ServiceUnavailableError(
                    f"{self._max_queued} calls wait for this owner's models already",
                    stage="predict",
                    hint="send fewer calls at once, or more rows in each",
                )
            queue.append(work)
        else:
            self._submit(owner, work)

    async def result(self, owner: str, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise what it raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def hand_back() -> None:
            try:
                value = work()
            except Exception as error:  # noqa: BLE001 - handed to who waits
                loop.call_soon_threadsafe(_tell, future.set_exception, future, error)
            else:
                loop.call_soon_threadsafe(_tell, future.set_result, future, value)

        self.start(owner, hand_back)
        return await future

    def close(self) -> None:
        """End the threads; nothing waits for the work they have begun, and no other begins."""
        self._queued.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _may_run(self, owner: str) -> bool:
        running = self._running[owner]
        return not running or (running < self._of_owner and self._running.total() < self._threads)

    def _submit(self, owner: str, work: Callable[[], None]) -> None:
        self._running[owner] += 1
        self._pool.submit(self._run, asyncio.get_running_loop(), owner, work)

    def _run(self, loop: asyncio.AbstractEventLoop, owner: str, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            loop.call_soon_threadsafe(self._ended, owner)

    def _ended(self, owner: str) -> None:
        """Start what waited longest of those who may have a thread; who has got one is last."""
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]
        following = next(filter(self._may_run, self._queued), None)
        if following is None:
            return
        queue = self._queued.pop(following)
        self._submit(following, queue.popleft())
        if queue:
            self._queued[following] = queue


def _tell(setter: Callable[[Any], None], future: "asyncio.Future[Any]", value: Any) -> None:
    if not future.done():  # the caller hung up
        setter(value)
