"""Every run record, kept up to date in this process by one watch of the bucket."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import nats.errors
from nats.js.kv import KV_DEL, KV_PURGE, KeyValue

from mlaas4hep.adapters.nats.connection import WATCH
from mlaas4hep.core import wire
from mlaas4hep.core.runs.run import Run

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 60.0  #: a watch that is silent for so long is looked after
_MEND_S = 1.0
_BROUGHT_S = 2.0  #: longest wait for the watch to catch up; usually it takes a millisecond

Listener = Callable[[str, str], None]


class RunIndex:
    """The newest record of each run; lives on the loop of one connection.

    What this process writes is noted at once; what others write comes by the watch, some
    milliseconds later.
    """

    def __init__(self, records: KeyValue) -> None:
        self._records = records
        self._runs: dict[str, Run] = {}
        self._revisions: dict[str, int] = {}  #: also of deleted runs: an older record is no news
        self._listeners: list[Listener] = []
        self._complete = asyncio.Event()
        self._newest = 0  #: revision of what the watch brought last
        self._moved = asyncio.Condition()
        self._task = asyncio.create_task(self._follow(), name=WATCH)

    async def runs(self, patience_s: float) -> list[Run]:
        """Return all records; TimeoutError if they do not come."""
        async with asyncio.timeout(patience_s):
            await self._complete.wait()
        return list(self._runs.values())

    async def brought(self, revision: int) -> None:
        """Wait until the watch has brought all that was written before `revision`."""
        try:
            async with asyncio.timeout(_BROUGHT_S), self._moved:
                await self._moved.wait_for(lambda: self._newest >= revision)
        except TimeoutError:
            log.warning("NATS: the watch of the runs is behind revision %d", revision)

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
            except (nats.errors.Error, TimeoutError, OSError) as error:
                self._complete.clear()  # until the watch is made again nobody knows
                log.warning("NATS: %s; watching all runs again", error or type(error).__name__)
                await asyncio.sleep(_MEND_S)

    async def _watch(self) -> None:
        watcher: Any = await self._records.watch(">", inactive_threshold=2 * _LOOK_AGAIN_S)
        try:
            while True:
                try:
                    entry = await watcher.updates(_LOOK_AGAIN_S)
                except nats.errors.TimeoutError:
                    await watcher._sub.consumer_info()  # noqa: SLF001 - fails if it is gone
                    continue
                if entry is None:
                    self._complete.set()
                else:
                    self._take(entry)
                    async with self._moved:
                        self._newest = entry.revision
                        self._moved.notify_all()
        finally:
            with suppress(nats.errors.Error):
                await watcher.stop()

    def _take(self, entry: Any) -> None:
        if entry.operation in {KV_DEL, KV_PURGE}:
            if entry.revision > self._revisions.get(entry.key, 0):
                self._revisions[entry.key] = entry.revision
                self.forget(entry.key)
            return
        if entry.revision > self._revisions.get(entry.key, 0):
            self.note(entry.key, entry.revision, wire.load(Run, entry.value or b""))
