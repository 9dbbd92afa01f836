"""A run reaches its end in whatever order its events arrive, repeated, lost, or cut off by crashes.

Hypothesis plays the world: it delivers, repeats and loses events of real steps' shape through the
real `react`, kills the step between any two writes of run book, store and bus or fails one of them,
lets files be awaited and be bad, cancels, restarts, and loses the book of run records; the sweeper's
`next_events` and `rebuild` must always bring the run to its end. Nothing is counted twice, and what
a person was told stays true.
"""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mlaas4hep.adapters.memory import MemoryRunBook
from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.events import FileAwaited, FileCame
from mlaas4hep.core.runs.inputfiles import AwaitedFile
from mlaas4hep.core.runs.missing import next_events
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import Problem, ServiceUnavailableError
from mlaas4hep.pipeline import table
from mlaas4hep.pipeline.reactions import failure, react
from mlaas4hep.pipeline.records import store_run
from mlaas4hep.pipeline.tidying import tidy
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import runs as usecases
from mlaas4hep.usecases.storekeeping.rebuild import rebuild
from tests.pipeline.playedsteps import CHUNKS, RANGES, ROUNDS, STEPS

FILES = ("a.root", "b.root")
STORES = ("runs_files", "specs", "chunks", "models")


class CrashError(Exception):
    """The process is killed."""


class Queue:
    """A bus whose events lie in a list, and whose process dies, or fails once, after some writes."""

    def __init__(self):
        self.events = []
        self.writes_left = None
        self.then = CrashError

    def write(self):
        if self.writes_left == 0:
            self.writes_left = None if self.then is ServiceUnavailableError else 0
            raise self.then("after some writes")
        if self.writes_left is not None:
            self.writes_left -= 1

    def publish(self, events, again=""):  # noqa: ARG002 - an echo is not dropped here
        for event in events:
            self.write()
            if event.sent_to:
                self.events.append(event)


class Written:
    """A store or a run book; each of its writes may be the last."""

    def __init__(self, inner, queue):
        self._inner = inner
        self._queue = queue

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name not in {"put", "put_if", "delete", "apply", "create"}:
            return found

        def write(*given):
            self._queue.write()
            return found(*given)

        return write


class World(RuleBasedStateMachine):
    """The world around one run."""

    task = "training"

    def __init__(self):
        super().__init__()
        self.queue = Queue()
        bare = pipeline.make_services()
        stores = {name: Written(getattr(bare, name), self.queue) for name in STORES}
        self.services = replace(bare, bus=self.queue, **stores)
        self.lose_the_book()
        run = Run(owner="o", name="r_1", id="1", folder="r", number=1, created_at=0, updated_at=0)
        store_run(replace(run, task=self.task, skips_bad_files=True), {}, self.services)
        self.told = self.run  #: as a person was shown it when an answer said that something is done

    @property
    def run(self):
        return self.services.runs.get("o", "r_1")

    def lose_the_book(self):
        book = Written(MemoryRunBook(lambda: 0.0), self.queue)
        self.services = replace(self.services, runs=book)

    def deliver(self, event):
        try:
            react(event, STEPS.get(type(event), lambda *_: ()), self.services)
        except ServiceUnavailableError:
            self.queue.events.append(event)

    def interrupted(self, writes, then, work):
        """Do something whose process dies, or fails once, after some writes; tell whether it was done."""
        self.queue.writes_left, self.queue.then = writes, then
        try:
            work()
        except (CrashError, ServiceUnavailableError):
            return False
        finally:
            self.queue.writes_left = None
        return True

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
    @rule(
        data=st.data(),
        writes=st.integers(0, 8),
        comes_back=st.booleans(),
        then=st.sampled_from([CrashError, ServiceUnavailableError]),
    )
    def it_ends_between_two_writes(self, data, writes, comes_back, then):
        event = data.draw(st.sampled_from(self.queue.events))
        if not comes_back:
            self.queue.events.remove(event)
        self.interrupted(writes, then, lambda: self.deliver(event))

    @rule()
    def the_sweeper_comes(self):
        rebuild(self.services)
        self.queue.publish(next_events(self.run))

    @rule(writes=st.integers(0, 3))
    def the_book_is_lost(self, writes):
        self.lose_the_book()
        self.interrupted(writes, CrashError, lambda: rebuild(self.services))
        rebuild(self.services)

    @rule(file=st.sampled_from(FILES), comes=st.booleans())
    def a_file_is_away(self, file, comes):
        awaited = AwaitedFile(file=file, tries=1, most=9, again_at=0.0, reason="away")
        fact = {"owner": "o", "run": "r_1", "attempt": self.run.attempt}
        self.services.runs.apply([FileAwaited(**fact, awaited=awaited)])
        if comes:
            self.services.runs.apply([FileCame(**fact, file=file)])

    @precondition(lambda self: self.queue.events)
    @rule(data=st.data(), file=st.sampled_from(FILES), is_told=st.booleans())
    def a_file_is_bad(self, data, file, is_told):
        event = data.draw(st.sampled_from(self.queue.events))
        problem = Problem(code="permanent", message="bad", stage="specs", file=file)
        before = self.run
        after = self.services.runs.apply([failure(event, problem)])
        if is_told and after.attempt != before.attempt:
            self.queue.publish(next_events(after))

    @precondition(lambda self: not self.run.is_final)
    @rule(writes=st.none() | st.integers(0, 3))
    def somebody_cancels(self, writes):
        self.announce(usecases.cancel, writes)

    @precondition(lambda self: self.run.status in (Status.CANCELLED, Status.FAILED))
    @rule(writes=st.none() | st.integers(0, 3))
    def somebody_restarts(self, writes):
        self.announce(usecases.restart, writes)

    def announce(self, wish, writes=None):
        news = wish(self.run)
        if self.interrupted(writes, CrashError, lambda: usecases.announce(news, self.services)):
            self.told = self.run

    @invariant()
    def nothing_is_counted_twice(self):
        run = self.run
        assert run.ranges.done <= RANGES
        assert run.chunks.done <= CHUNKS
        assert run.rounds.done <= ROUNDS
        assert not (run.is_final and run.awaited)

    @invariant()
    def what_a_person_was_told_stays_true(self):
        run = self.run
        assert run.attempt >= self.told.attempt
        if self.told.is_final and run.attempt == self.told.attempt:
            assert run.status is self.told.status

    def teardown(self):
        for _ in range(100):
            if self.run.status in (Status.CANCELLED, Status.FAILED):
                self.announce(usecases.restart)
            while self.queue.events and not self.run.is_final:
                waiting, self.queue.events = self.queue.events, []
                for event in waiting:
                    self.deliver(event)
                if self.queue.events == waiting:
                    break
            if self.run.is_final:
                break
            self.the_sweeper_comes()
        self.check_end()

    def check_end(self):
        ended = self.run
        assert ended.status is Status.DONE
        tidy(ended, self.services)
        left = {info.key for info in self.services.runs_files.list("o/r_1/")}
        assert not any("checkpoint" in key or "parts" in key for key in left)
        self.lose_the_book()
        rebuild(self.services)
        assert self.run == ended


class Training(World):
    """A run that trains."""

    def check_end(self):
        super().check_end()
        record = sealed.load(ModelRecord, self.services.models.get(keys.model("o", "r_1")))
        assert (self.run.model, record.run_id) == ("r_1", self.run.id)


class Scoring(World):
    """A run that scores files."""

    task = "scoring"


TestTraining = Training.TestCase
TestScoring = Scoring.TestCase
TestTraining.settings = TestScoring.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None
)


def test_the_world_played_here_has_the_shape_of_the_real_table():
    assert set(STEPS) <= set(table.steps())
