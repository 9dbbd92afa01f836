"""Every run record, kept up to date in this process by one watch of the bucket."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from random import choice
from typing import Any

import nats.errors
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KV_DEL, KV_PURGE, KeyValue

from mlaas4hep.adapters.nats.connection import NOTICED_S, WATCH
from mlaas4hep.adapters.nats.runrecord import read
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import DamagedError

log = logging.getLogger(__name__)

LOOK_S = 15.0  #: between two looks whether the bucket still is the one that is watched
_FORGOTTEN_S = 120.0  #: a watch of a process that is dead
_MEND_S = 1.0

Listener = Callable[[str, str], None]


class _OtherBucketError(Exception):
    """What is watched was deleted, or emptied past the watch."""


class RunIndex:
    """The newest record of each run; lives on the loop of one connection.

    What this process writes is noted at once; what others write comes by the watch, some
    milliseconds later.
    """

    def __init__(
        self, records: KeyValue, reconnects: Callable[[], int], look_s: float = LOOK_S
    ) -> None:
        """Begin to watch.

        Args:
            records: the bucket.
            reconnects: how often its connection was lost and is back; a watch may not be.
            look_s: seconds between two looks whether the bucket still is the one that is watched.
        """
        self._records = records
        self._reconnects = reconnects
        self._watched_after = 0  #: so many reconnects
        self._look_s = look_s
        self._before: dict[str, Run] = {}  #: what the watches before this one knew
        self._runs: dict[str, Run] = {}
        self._revisions: dict[str, int] = {}  #: also of deleted runs: an older record is no news
        self._listeners: list[Listener] = []
        self._is_complete = False  #: all that was there when the watch began has come
        self._newest = 0  #: revision of what the watch brought last
        self._due = 0  #: revision up to which it must bring all before anybody is given a list
        self._moved = asyncio.Condition()
        self._task = asyncio.create_task(self._follow(), name=WATCH)

    async def runs(self, patience_s: float) -> list[Run]:
        """Return all records, also those written before what was `awaited`.

        Raises:
            TimeoutError: they do not come; usually it takes a millisecond.
        """
        if self._is_cut_off():
            self._is_complete = False
        async with asyncio.timeout(patience_s), self._moved:
            await self._moved.wait_for(lambda: self._is_complete and self._newest >= self._due)
        return list(self._runs.values())

    def awaited(self, revision: int) -> None:
        """Have the next lists wait until the watch has brought all that is before `revision`."""
        self._due = max(self._due, revision)

    def note(self, key: str, revision: int, run: Run) -> None:
        """Take a record that this process wrote, or that the watch brought."""
        if revision > self._revisions.get(key, 0):
            self._revisions[key] = revision
            self._runs[key] = run
            self._tell(run)

    def forget(self, key: str) -> None:
        """Take that a record is deleted."""
        run = self._runs.pop(key, None)
        if run is not None:
            self._tell(run)

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of each change from now on."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Tell it no more."""
        self._listeners.remove(listener)

    @property
    def is_closed(self) -> bool:
        """Tell whether the watch has ended with its connection."""
        return self._task.done()

    def _tell(self, run: Run) -> None:
        for listener in tuple(self._listeners):
            listener(run.owner, run.name)

    async def _follow(self) -> None:
        while True:
            try:
                await self._watch()
            except (nats.errors.Error, _OtherBucketError, TimeoutError, OSError) as error:
                log.warning("NATS: %s; watching all runs again", error or type(error).__name__)
                await asyncio.sleep(_MEND_S)

    async def _watch(self) -> None:
        self._is_complete = False  # until all have come nobody knows; revisions may begin anew
        self._before |= self._runs
        self._runs, self._revisions, self._newest, self._due = {}, {}, 0, 0
        self._watched_after = self._reconnects()
        watcher: Any = await self._records.watch(">", inactive_threshold=_FORGOTTEN_S)
        try:
            looked = time.monotonic()
            while True:
                with suppress(nats.errors.TimeoutError):
                    await self._hear(await watcher.updates(min(NOTICED_S, self._look_s)))
                if self._is_cut_off():
                    raise _OtherBucketError("the connection was lost meanwhile")
                if time.monotonic() - looked >= self._look_s:
                    await self._look(watcher)
                    looked = time.monotonic()
        finally:
            with suppress(nats.errors.Error):
                await watcher.stop()

    def _is_cut_off(self) -> bool:
        """Tell whether the connection was lost since the watch began; the server may forget it."""
        return self._reconnects() != self._watched_after

    async def _hear(self, entry: Any) -> None:
        """Take an entry; None comes once, after all that were there before."""
        if entry is None:
            self._all_have_come()
        else:
            self._take(entry)
            self._newest = entry.revision
        async with self._moved:
            self._moved.notify_all()

    def _all_have_come(self) -> None:
        self._is_complete = True
        gone = self._before.keys() - self._runs.keys()
        lost = [self._before[key] for key in gone]
        self._before = {}
        for run in lost:
            self._tell(run)

    async def _look(self, watcher: Any) -> None:
        """Raise if the watch, or a record that it told, is not there any more."""
        await watcher._sub.consumer_info()  # noqa: SLF001 - fails if it is gone
        if self._is_complete and self._runs:
            known = choice(tuple(self._runs))  # noqa: S311 - any will do
            try:
                await self._records.get(known)
            except KeyNotFoundError:
                if known in self._runs:  # and was not just deleted
                    raise _OtherBucketError(f"record {known} is gone") from None
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # requests of nats-py may swallow it
            raise asyncio.CancelledError

    def _take(self, entry: Any) -> None:
        if entry.revision <= self._revisions.get(entry.key, 0):
            return
        run = _written(entry)
        if run is not None:
            self.note(entry.key, entry.revision, run)
        else:
            self._revisions[entry.key] = entry.revision
            self.forget(entry.key)


def _written(entry: Any) -> Run | None:
    """Return the run of an entry; None if it is deleted, or cannot be read: others go on."""
    if entry.operation in {KV_DEL, KV_PURGE}:
        return None
    try:
        return read(entry.key, entry.value)
    except DamagedError as error:
        log.error("NATS: %s; no list has it", error)  # noqa: TRY400 - a traceback says no more
        return None
