"""`RunBook` in two NATS key-value buckets: records changed by compare-and-set, and counters."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial, reduce
from typing import Any

import nats.errors
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KV_DEL, KV_PURGE, KeyValue

from mlaas4hep.adapters.nats.connection import (
    ANSWER_S,
    NOTICED_S,
    Connection,
    bucket,
    key,
    reconnects,
)
from mlaas4hep.adapters.nats.provision import COUNTERS, RUNS
from mlaas4hep.adapters.nats.runindex import LOOK_S, RunIndex
from mlaas4hep.adapters.nats.runrecord import read
from mlaas4hep.core import wire
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import ConflictError, NotFoundError

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 60.0  #: a watch that is silent for so long is made again
_MEND_S = 1.0


class JetStreamRunBook:
    """One record per run under `owner.name`."""

    def __init__(
        self, connection: Connection, clock: Callable[[], float], look_s: float = LOOK_S
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._look_s = look_s
        self._index: RunIndex | None = None  #: made when somebody lists or listens

    def create(self, run: Run) -> None:
        """Write a new run."""

        async def work(jetstream: JetStreamContext) -> None:
            where = key(run.owner, run.name)
            try:
                revision = await bucket(jetstream, RUNS).create(where, wire.dump(run))
            except KeyWrongLastSequenceError:
                raise ConflictError(f"run {run.name!r} exists already") from None
            self._note(where, revision, run)
            if self._index is not None:
                self._index.awaited(revision)  # a quota counts what others made before

        self._connection.run(work)

    def get(self, owner: str, name: str) -> Run:
        """Return a run."""

        async def work(jetstream: JetStreamContext) -> Run:
            return await _run(bucket(jetstream, RUNS), owner, name)

        return self._connection.run(work)

    def list(self, owner: str | None = None) -> list[Run]:
        """Return all runs of an owner (None: of everybody), oldest first."""
        runs = self._connection.run(self._all)
        return sorted(
            (run for run in runs if owner in {None, run.owner}),
            key=lambda run: (run.created_at, run.name),
        )

    def apply(self, events: Iterable[Event]) -> Run | None:
        """Apply the events of one run to its record and return the record afterwards."""
        news = list(events)
        if not news:
            return None

        async def work(jetstream: JetStreamContext) -> Run | None:
            after, revision = await _apply(bucket(jetstream, RUNS), news, self._clock)
            if after is not None:
                self._note(key(after.owner, after.name), revision, after)
            return after

        return self._connection.run(work)

    def delete(self, owner: str, name: str) -> None:
        """Forget a run; one that is not there is fine."""

        async def work(jetstream: JetStreamContext) -> None:
            await bucket(jetstream, RUNS).purge(key(owner, name))
            if self._index is not None:
                self._index.forget(key(owner, name))

        self._connection.run(work)

    def next_number(self, owner: str, folder: str, above: int = 0) -> int:
        """Return 1, 2, 3, … for runs of `folder`, never the same twice."""
        return self._connection.run(
            lambda jetstream: _next(bucket(jetstream, COUNTERS), key(owner, folder), above)
        )

    def wait(self, owner: str, name: str, until: Callable[[Run], bool], timeout_s: float) -> Run:
        """Block until the record satisfies `until` or the time is over; return it as it is then."""

        async def work(jetstream: JetStreamContext) -> Run:
            runs = bucket(jetstream, RUNS)
            run = await _run(runs, owner, name)
            if until(run):
                return run
            try:
                async with asyncio.timeout(timeout_s):
                    return await _watched(jetstream, owner, name, until)
            except TimeoutError:
                return await _run(runs, owner, name)

        return self._connection.run(work, patience_s=None)

    def hear(self, changed: Callable[[str, str], None]) -> Callable[[], None]:
        """Call `changed(owner, name)` after each change of any run; return what ends that."""

        async def start(jetstream: JetStreamContext) -> RunIndex:
            index = self._indexed(jetstream)
            index.listen(changed)
            return index

        index = self._connection.run(start)
        return lambda: index.unlisten(changed)

    async def _all(self, jetstream: JetStreamContext) -> Iterable[Run]:
        if not jetstream._nc.is_connected:  # noqa: SLF001 - what the index knows may be old
            raise nats.errors.ConnectionReconnectingError
        return await self._indexed(jetstream).runs(ANSWER_S)

    def _indexed(self, jetstream: JetStreamContext) -> RunIndex:
        if self._index is None or self._index.is_closed:  # of a connection that was closed
            self._index = RunIndex(
                bucket(jetstream, RUNS), partial(reconnects, jetstream), self._look_s
            )
        return self._index

    def _note(self, where: str, revision: int, run: Run) -> None:
        if self._index is not None:
            self._index.note(where, revision, run)


async def _apply(
    runs: KeyValue, events: list[Event], clock: Callable[[], float]
) -> tuple[Run | None, int]:
    where = key(events[0].owner, events[0].run)
    while True:
        try:
            entry = await runs.get(where)
        except KeyNotFoundError:
            return None, 0
        before = read(where, entry.value)
        after = reduce(lambda run, event: run.apply(event, clock()), events, before)
        if after == before:
            return before, entry.revision or 0
        try:
            revision = await runs.update(where, wire.dump(after), last=entry.revision)
        except KeyWrongLastSequenceError:
            continue  # somebody else was faster: apply to what they wrote
        return after, revision


async def _run(runs: KeyValue, owner: str, name: str) -> Run:
    where = key(owner, name)
    try:
        entry = await runs.get(where)
    except KeyNotFoundError:
        raise NotFoundError(f"there is no run {name!r}") from None
    return read(where, entry.value)


async def _watched(
    jetstream: JetStreamContext, owner: str, name: str, until: Callable[[Run], bool]
) -> Run:
    """Wait for ever, through restarts of the server."""
    while True:
        try:
            run = await _wait_until(jetstream, owner, name, until)
        except nats.errors.Error as error:
            log.warning("NATS: %s; watching run %s again", error, name)
            await asyncio.sleep(_MEND_S)
        else:
            if run is not None:
                return run


async def _wait_until(
    jetstream: JetStreamContext, owner: str, name: str, until: Callable[[Run], bool]
) -> Run | None:
    """Return the run once it satisfies `until`, or None when the watch may have been forgotten."""
    before, again_at = reconnects(jetstream), time.monotonic() + _LOOK_AGAIN_S
    runs = bucket(jetstream, RUNS)
    watcher: Any = await runs.watch(key(owner, name), inactive_threshold=_LOOK_AGAIN_S)
    try:
        while time.monotonic() < again_at and reconnects(jetstream) == before:
            entry = None
            with suppress(nats.errors.TimeoutError):
                entry = await watcher.updates(NOTICED_S)
            if entry is None:  # nothing new, or all that was there before has come
                continue
            if entry.operation in {KV_DEL, KV_PURGE}:
                raise NotFoundError(f"run {name!r} is deleted")
            run = read(entry.key, entry.value)
            if until(run):
                return run
    finally:
        await watcher.stop()
    return None


async def _next(counters: KeyValue, where: str, above: int) -> int:
    while True:
        try:
            entry = await counters.get(where)
            number, revision = int(entry.value or b"0"), entry.revision
        except KeyNotFoundError:
            number, revision = 0, 0
        number = max(number, above)
        try:
            await counters.update(where, str(number + 1).encode(), last=revision)
        except KeyWrongLastSequenceError:
            continue
        return number + 1
