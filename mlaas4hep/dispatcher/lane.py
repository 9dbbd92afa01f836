"""One function's events: held, called in fair turns, settled."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import nats.errors
from cachetools import LRUCache
from nats.aio.client import Client
from nats.aio.msg import Msg

from mlaas4hep.adapters.nats.provision import ACK_WAIT_S, MAX_HELD, STREAM
from mlaas4hep.core.runs import cloudevents, patience
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.runs.missing import next_events
from mlaas4hep.dispatcher.awaitedfiles import AwayLines, arrival, awaited, line
from mlaas4hep.dispatcher.calling import Caller
from mlaas4hep.dispatcher.calllog import note
from mlaas4hep.dispatcher.deadletters import DeadLetters
from mlaas4hep.dispatcher.fairness import FairQueue
from mlaas4hep.dispatcher.heldevents import HeldEvent, HeldEvents
from mlaas4hep.dispatcher.metrics import Metrics
from mlaas4hep.dispatcher.pace import Pace
from mlaas4hep.dispatcher.pull import Pull
from mlaas4hep.dispatcher.verdict import (
    Action,
    History,
    Verdict,
    is_about_file,
    judge,
)
from mlaas4hep.errors import MlaasError, PermanentError, Problem
from mlaas4hep.pipeline.reactions import failure
from mlaas4hep.ports import Bus, RunBook

log = logging.getLogger(__name__)

_WINDOW = MAX_HELD * 3 // 4  #: events held here, so that owners far behind in the stream get turns
_TOUCH_S = ACK_WAIT_S / 3
_AGAIN_S = 10.0  #: until an event that could not be settled comes back
_REMEMBERED = 2 * MAX_HELD
_GONE = (nats.errors.Error, MlaasError, OSError, TimeoutError)


class Lane:
    """One durable consumer and the function of the same name."""

    def __init__(
        self,
        function: str,
        *,
        limit: int,
        per_owner: int,
        client: Client,
        caller: Caller,
        runs: RunBook,
        bus: Bus,
        metrics: Metrics,
        file_patience_s: float = patience.DEFAULT_S,
    ) -> None:
        self._function = function
        self._pace = Pace(function, limit, lambda: caller.is_ready(function), self._schedule)
        self._per_owner = per_owner
        self._caller = caller
        self._runs = runs
        self._bus = bus
        self._metrics = metrics
        self._file_patience_s = file_patience_s
        self._waiting: FairQueue[HeldEvent] = FairQueue()
        self._running: dict[HeldEvent, asyncio.Task[None]] = {}
        self._away = AwayLines()
        self._dead = DeadLetters(client, function)
        self._held = HeldEvents()
        self._owners: Counter[str] = Counter()
        self._histories: LRUCache[str, History] = LRUCache(_REMEMBERED)
        self._pull = Pull(client, STREAM, function, self._receive, self._room)
        metrics.oldest.labels(function).set_function(self._oldest)  # looks at all: when asked

    async def run(self) -> None:
        """Work until cancelled; then `stop`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pull.run())
            group.create_task(self._touch())

    async def stop(self, grace_s: float) -> None:
        """Give back what waits, let the calls end, and give back those that do not."""
        self._pace.stop()
        await self._give_back_waiting()
        if unfinished := [*self._running.values(), *self._dead.burying]:
            await asyncio.wait(unfinished, timeout=grace_s)
        late = dict(self._running)
        for task in late.values():
            task.cancel()
        await self._all(list(late), lambda held: held.nak())
        await self._give_back_waiting()  # what was kept meanwhile for another call

    async def _give_back_waiting(self) -> None:
        waiting = list(self._waiting)
        self._waiting.clear()
        await self._all(waiting, lambda held: held.nak())

    def reconnected(self) -> None:
        """Pull again at once; to be called when the connection was lost and is back."""
        self._pull.reconnected()

    def stream_is_new(self) -> None:
        """Pull from a stream that was made anew; what waits here is told again there."""
        self._held.stream_is_gone()
        for held in self._waiting:
            self._held.leave(held)
        self._waiting.clear()
        self._pull.reconnected()

    @property
    def function(self) -> str:
        """Return the name of function and consumer."""
        return self._function

    @property
    def held(self) -> int:
        """Return how many messages are held here, or were given back and will come again."""
        return len(self._held)

    def holds(self, owner: str, run: str) -> bool:
        """Tell whether an event of a run is held here or will come again; for other threads too."""
        return any((event.owner, event.run) == (owner, run) for event in self._held.events())

    def _oldest(self) -> float:
        """Return when the oldest event that waits here was told; 0: none waits."""
        return min((held.told_at for held in self._waiting), default=0.0)

    def _room(self) -> int:
        return _WINDOW - len(self._running) - len(self._waiting)

    def _receive(self, message: Msg) -> None:
        try:
            event = cloudevents.load_event(message.data)
        except PermanentError as error:
            self._dead.bury_strange(message, error.problem)
            return
        held = self._held.receive(message, event)
        if held is not None:
            self._waiting.add(event.owner, held, line(event))
            self._schedule()

    def _schedule(self) -> None:
        while self._pace.allows(len(self._running)):
            may = self._away.movable((each.event for each in self._running), self._pace.places)
            held = self._waiting.take(self._owners, self._per_owner, may)
            if held is None:
                break
            self._owners[held.event.owner] += 1
            self._running[held] = asyncio.create_task(self._deliver(held))
        self._metrics.waiting.labels(self._function).set(len(self._waiting))
        self._metrics.running.labels(self._function).set(len(self._running))

    async def _deliver(self, held: HeldEvent) -> None:
        is_kept = False
        again_in_s: float | None = ACK_WAIT_S
        try:
            verdict = await self._call(held)
            is_kept = self._is_kept(verdict)
            if is_kept:
                self._keep(held, verdict)
            else:
                again_in_s = await self._settle(held, verdict)
        except _GONE as error:
            log.warning("event=%s is not settled and comes back: %s", held.event.id, error)
        finally:
            del self._running[held]
            self._owners[held.event.owner] -= 1
            if not is_kept:
                self._held.leave(held, again_in_s)
                self._pull.more_room()
            self._schedule()

    def _is_kept(self, verdict: Verdict) -> bool:
        """Tell whether an event waits here for its next call, and is not given back."""
        is_busy = verdict.action is Action.BUSY and len(self._running) > 1
        return is_busy or verdict.action is Action.AWAY

    def _keep(self, held: HeldEvent, verdict: Verdict) -> None:
        owner, where = held.event.owner, line(held.event)
        if verdict.action is Action.BUSY:
            self._pace.bears(len(self._running) - 1)
            self._waiting.put_back(owner, held, where)
        else:
            self._pace.went_away()
            self._histories[held.event.id] = verdict.history
            self._waiting.add(owner, held, where)  # behind the others: it may be what kills it

    async def _call(self, held: HeldEvent) -> Verdict:
        before = self._histories.get(held.event.id, History())
        started = time.monotonic()
        answer = await self._caller.call(
            self._function,
            held.event.id,
            held.data,
            check=before.lost > 0,
            headers=held.headers,
        )
        ended = time.monotonic()
        patience_s = await self._patience_s(held.event) if is_about_file(answer) else 0.0
        verdict = judge(answer, before, ended, self._function, patience_s)
        if verdict.action is not Action.AWAY:
            self._pace.answered()
        note(
            self._function,
            held,
            answer,
            verdict,
            seconds=ended - started,
            metrics=self._metrics,
        )
        return verdict

    async def _patience_s(self, event: Event) -> float:
        """Return how long a run waits for the server of a file."""
        run = await asyncio.to_thread(self._runs.get, event.owner, event.run)
        return run.patience_s or self._file_patience_s

    async def _tell(self, news: Event | None) -> None:
        if news is not None:
            await asyncio.to_thread(self._runs.apply, [news])

    async def _settle(self, held: HeldEvent, verdict: Verdict) -> float | None:
        """Do what the verdict says; return in how many seconds the event comes again, if it does."""
        match verdict.action:
            case Action.ACK:
                before = self._histories.pop(held.event.id, History())
                if before.file:
                    self._away.came_back(held.event)
                await self._tell(arrival(held.event, before))
                self._pace.bore()
                await held.ack()
                if verdict.is_over:
                    await self._let_go(held.event)
            case Action.BURY if verdict.problem is not None:
                await self._dead.bury(held.mark, held.data, verdict.problem)
                await held.ack()
                self._histories.pop(held.event.id, None)
            case Action.PARK if verdict.problem is not None:
                await self._park(held, verdict.problem)
                self._histories.pop(held.event.id, None)
            case _:
                self._histories[held.event.id] = verdict.history
                if verdict.most:
                    self._away.went_away(held.event)
                await self._tell(awaited(held.event, verdict, time.time()))
                pause_s = max(1.0, verdict.pause_s)
                await held.nak(delay=pause_s)
                return pause_s
        return None

    async def _park(self, held: HeldEvent, problem: Problem) -> None:
        """Fail the run, keep a copy for people to look at, and only then let the event go.

        A run that may do without the file that is bad does not fail but begins again.
        """
        try:
            run = await asyncio.to_thread(self._runs.apply, [failure(held.event, problem)])
            if run is not None and run.attempt != held.event.attempt:
                await asyncio.to_thread(self._bus.publish, next_events(run))
            await self._dead.bury(held.mark, held.data, problem)
            await held.ack()
        except _GONE:
            await held.nak(delay=_AGAIN_S)
            raise

    async def _let_go(self, over: Event) -> None:
        """Settle what waits of a run that is over: the function would say the same of it.

        What comes later is asked about again: a run may be rebuilt.
        """
        waiting = self._waiting.remove(over.owner, lambda held: held.is_like(over))
        await self._held.settle(waiting, ACK_WAIT_S)

    async def _touch(self) -> None:
        """Keep everything that we hold from being delivered again, until cancelled."""
        while True:
            await asyncio.sleep(_TOUCH_S)
            held = [*self._running, *self._waiting]
            await self._all(held, lambda held: held.touch())

    async def _all(self, held: list[HeldEvent], do: Callable[[HeldEvent], Awaitable[None]]) -> None:
        try:
            for one in held:
                await do(one)
        except nats.errors.Error as error:
            log.warning("%s: NATS: %s", self._function, error)
