"""Repairs that no event asks for: of runs whose next event is missing, and of lost streams."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import nats.errors
from cachetools import LRUCache
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from mlaas4hep.adapters.nats.provision import STREAM, missing, put_in_place
from mlaas4hep.bootstrap import Messaging
from mlaas4hep.core.runs.missing import next_events
from mlaas4hep.core.runs.run import Run
from mlaas4hep.dispatcher.housekeeping import Housekeeping
from mlaas4hep.dispatcher.lane import Lane
from mlaas4hep.dispatcher.metrics import Metrics
from mlaas4hep.errors import MlaasError, ServiceUnavailableError

log = logging.getLogger(__name__)

PAUSE_S = 10.0  #: between two sweeps
LOOK_S = 2.0  #: between two looks whether all streams and buckets are there
QUIET_S = 45.0  #: a run of which nothing was heard for so long is looked at
_LONG_S = 15 * 60.0  #: after that, also if others hold events that may be the run's
_REMEMBERED = 10_000
_AWAY = (nats.errors.Error, MlaasError, OSError, TimeoutError)


class Sweeper:
    """Works for all dispatchers while it holds the lease; the others wait."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        client: Client,
        messaging: Messaging,
        metrics: Metrics,
        housekeeping: Housekeeping | None = None,
        replicas: int = 1,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Sweep what `lanes` do not hold; without `housekeeping` there is no store."""
        self._lanes = lanes
        self._client = client
        self._messaging = messaging
        self._metrics = metrics
        self._housekeeping = housekeeping
        self._replicas = replicas
        self._clock = clock
        self._steady = steady
        #: When a run was told to go on, by the steady clock.
        self._published: LRUCache[tuple[str, str], float] = LRUCache(_REMEMBERED)
        #: Its `updated_at`, and when that was first seen here, by the steady clock.
        self._seen: LRUCache[tuple[str, str], tuple[float, float]] = LRUCache(_REMEMBERED)
        self._tells_all = False  #: all events are lost, and nobody was told since

    async def run(self, pause_s: float = PAUSE_S) -> None:
        """Sweep until cancelled; sooner when something is gone."""
        while True:
            await self._try(self.sweep)
            await self._until_missed(time.monotonic() + pause_s)

    async def sweep(self) -> None:
        """Make what is gone again, and tell quiet runs' next events."""
        await self._make_again(await self._missing())
        others = await self._others_hold()
        sweeping = asyncio.create_task(asyncio.to_thread(self._sweep_runs, others))
        try:
            await asyncio.shield(sweeping)
        finally:
            await sweeping  # a thread cannot be cancelled, and its connection is closed after it

    async def _until_missed(self, until: float) -> None:
        """Return when something is gone, at the latest at `until`."""
        task = asyncio.current_task()
        while time.monotonic() < until:
            if task is not None and task.cancelling():  # requests of nats-py may swallow it
                raise asyncio.CancelledError
            await asyncio.sleep(LOOK_S)
            with suppress(*_AWAY):
                if await self._missing():
                    return

    async def _missing(self) -> set[str]:
        return await missing(self._client.jetstream())

    async def _make_again(self, gone: set[str]) -> None:
        if not gone:
            return
        log.warning("%s: gone; made again", ", ".join(sorted(gone)))
        await put_in_place(self._client.jetstream(), replicas=self._replicas)
        self._tells_all |= STREAM in gone
        for lane in self._lanes:
            lane.stream_is_new() if STREAM in gone else lane.reconnected()

    async def _try(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except _AWAY as error:
            log.info("not swept: %s", error or type(error).__name__)

    async def _others_hold(self) -> bool:
        """Tell whether events are on their way that no lane here holds."""
        jetstream = self._client.jetstream()
        for lane in self._lanes:
            try:
                info = await jetstream.consumer_info(STREAM, lane.function)
            except NotFoundError:
                return True
            if info.num_pending or (info.num_ack_pending or 0) > lane.held:
                return True
        return False

    def _sweep_runs(self, others: bool) -> None:
        with self._messaging.leases.hold("sweeper"):
            runs = self._messaging.runs.list()
            made = self._rebuilt(runs)
            if made:
                runs = self._messaging.runs.list()
            for run in runs:
                begins = self._tells_all or f"{run.owner}/{run.name}" in made
                if not run.is_final and (begins or self._is_lost(run, others)):
                    self._go_on(run)
            self._tells_all = False
            if self._housekeeping is not None:
                self._metrics.tidied.inc(self._housekeeping.tidy(runs, self._clock()))

    def _rebuilt(self, runs: Sequence[Run]) -> set[str]:
        """Write the records that are lost; a store that is away keeps no run from going on."""
        if self._housekeeping is None:
            return set()
        try:
            return self._housekeeping.rebuild(runs)
        except ServiceUnavailableError as error:
            log.warning("no lost records are looked for: %s", error)
            return set()

    def _is_lost(self, run: Run, others: bool) -> bool:
        if self._quiet_s(run) < (_LONG_S if others else QUIET_S):
            return False
        if any(awaited.again_at > self._clock() for awaited in run.awaited):
            return False  # its server may have asked to be left alone until then
        return not any(lane.holds(run.owner, run.name) for lane in self._lanes)

    def _quiet_s(self, run: Run) -> float:
        """Return for how long nothing was heard of a run, also where its clock and ours differ."""
        who = run.owner, run.name
        seen = self._seen.get(who)
        if seen is None or seen[0] != run.updated_at:
            seen = self._seen[who] = run.updated_at, self._steady()
        published = self._published.get(who)
        unchanged_s = self._steady() - seen[1]
        if published is not None:
            return min(unchanged_s, self._steady() - published)
        return max(unchanged_s, self._clock() - run.updated_at)

    def _go_on(self, run: Run) -> None:
        events = next_events(run)
        try:
            self._messaging.bus.publish(events, again=f"{self._clock():.0f}")
        except ServiceUnavailableError as error:
            log.warning("run %s/%s: %s", run.owner, run.name, error)
            return
        self._published[run.owner, run.name] = self._steady()
        self._metrics.swept.inc()
        log.warning("run %s/%s: %d events told again", run.owner, run.name, len(events))
