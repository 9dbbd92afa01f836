"""A run reaches its end in whatever order its events arrive, repeated, lost, or cut off by crashes.

Hypothesis plays the world: it delivers, repeats and loses events of real steps' shape through the
real `react`, kills the step between any two writes, cancels and restarts; the sweeper's
`next_events` must always bring the run to its end, and nothing may be counted twice.
"""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mlaas4hep.adapters.memory import MemoryRunBook
from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    ChunkReady,
    EpochEnded,
    FilesOpened,
    ModelReady,
    RangeMeasured,
    RangePlanned,
    RunSubmitted,
    SpecsReady,
    TrainingStarted,
)
from mlaas4hep.core.runs.missing import next_events
from mlaas4hep.core.runs.run import FINAL, Run, Status
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.pipeline import table
from mlaas4hep.pipeline.reactions import Batch, react
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import runs as usecases

RANGES, CHUNKS, ROUNDS = 3, 4, 2


class CrashError(Exception):
    """The process is killed."""


def who(event):
    return {"owner": event.owner, "run": event.run, "attempt": event.attempt}


def opened(event, _services):
    fact = who(event)
    yield FilesOpened(**fact, files=1, ranges=RANGES, entries=RANGES)
    yield Batch(RangePlanned(**fact, index=i, file=0, start=i, stop=i + 1) for i in range(RANGES))


def measured(event, _services):
    yield RangeMeasured(**who(event), index=event.index, key="k", entries=1, passed=1)


def merged(event, services):
    run = services.runs.get(event.owner, event.run)
    if run.specs or not run.ranges.complete:
        return
    yield Batch(ChunkPlanned(**who(event), index=i, specs="s") for i in range(CHUNKS))
    yield SpecsReady(**who(event), key="s", entries=RANGES, columns=1, chunks=CHUNKS)


def made(event, _services):
    for index in range(event.index, event.index + event.count):
        yield ChunkReady(**who(event), index=index, key="k", entries=1)


def trained(event, services):
    if event.index:
        return
    if not services.runs.get(event.owner, event.run).chunks.complete:
        raise ServiceUnavailableError("chunks are missing")
    yield TrainingStarted(**who(event), rounds=ROUNDS)
    for index in range(ROUNDS):
        yield EpochEnded(**who(event), round=index)
    yield ModelReady(**who(event), model=event.run, version="1")


STEPS = {
    RunSubmitted: opened,
    RangePlanned: measured,
    RangeMeasured: merged,
    ChunkPlanned: made,
    ChunkReady: trained,
}


class Queue:
    """A bus whose events lie in a list, and which dies with its process after some writes."""

    def __init__(self):
        self.events = []
        self.writes_left = None

    def write(self):
        if self.writes_left == 0:
            raise CrashError
        if self.writes_left is not None:
            self.writes_left -= 1

    def publish(self, events, again=""):  # noqa: ARG002 - an echo is not dropped here
        for event in events:
            self.write()
            if event.sent_to:
                self.events.append(event)


class Book(MemoryRunBook):
    """A run book whose process may die before it writes."""

    def __init__(self, queue):
        super().__init__(lambda: 0.0)
        self._queue = queue

    def apply(self, events):
        self._queue.write()
        return super().apply(events)


class AnyOrder(RuleBasedStateMachine):
    """The world around one run."""

    def __init__(self):
        super().__init__()
        self.queue = Queue()
        made = pipeline.make_services()
        self.services = replace(made, bus=self.queue, runs=Book(self.queue))
        run = Run(owner="o", name="r_1", folder="r", number=1, created_at=0, updated_at=0)
        self.services.runs.create(run)
        self.most = (0, 0, 0)

    @property
    def run(self):
        return self.services.runs.get("o", "r_1")

    def deliver(self, event):
        step = STEPS.get(type(event))
        if step is None:
            return
        try:
            react(event, step, self.services)
        except ServiceUnavailableError:
            self.queue.events.append(event)

    @precondition(lambda self: self.queue.events)
    @rule(data=st.data(), echo=st.booleans())
    def one_arrives(self, data, echo):
        event = data.draw(st.sampled_from(self.queue.events))
        if not echo:
            self.queue.events.remove(event)
        self.deliver(event)

    @precondition(lambda self: self.queue.events)
    @rule(data=st.data())
    def one_is_lost(self, data):
        self.queue.events.remove(data.draw(st.sampled_from(self.queue.events)))

    @precondition(lambda self: self.queue.events)
    @rule(data=st.data(), writes=st.integers(0, 6), comes_back=st.booleans())
    def a_process_dies_between_two_writes(self, data, writes, comes_back):
        event = data.draw(st.sampled_from(self.queue.events))
        if not comes_back:
            self.queue.events.remove(event)
        self.queue.writes_left = writes
        try:
            self.deliver(event)
        except CrashError:
            pass
        finally:
            self.queue.writes_left = None

    @rule()
    def the_sweeper_comes(self):
        self.queue.publish(next_events(self.run))

    @precondition(lambda self: self.run.status not in FINAL)
    @rule()
    def somebody_cancels(self):
        usecases.announce(usecases.cancel(self.run), self.services)

    @precondition(lambda self: self.run.status is Status.CANCELLED)
    @rule()
    def somebody_restarts(self):
        usecases.announce(usecases.restart(self.run), self.services)

    @invariant()
    def nothing_is_counted_twice(self):
        run = self.run
        assert run.ranges.done <= RANGES
        assert run.chunks.done <= CHUNKS
        assert run.rounds.done <= ROUNDS

    def teardown(self):
        if self.run.status is Status.CANCELLED:
            self.somebody_restarts()
        for _ in range(100):
            while self.queue.events and not self.run.is_final:
                waiting, self.queue.events = self.queue.events, []
                for event in waiting:
                    self.deliver(event)
                if self.queue.events == waiting:
                    break
            if self.run.is_final:
                break
            self.the_sweeper_comes()
        run = self.run
        assert run.status is Status.DONE
        assert (run.ranges.done, run.chunks.done, run.rounds.done) == (RANGES, CHUNKS, ROUNDS)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_world_played_here_has_the_shape_of_the_real_table():
    assert set(STEPS) <= set(table.steps())
