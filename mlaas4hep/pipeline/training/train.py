"""train: chunks go into the training process as they become ready; a bundle comes out."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from mlaas4hep.core.models.training import (
    ChunkWanted,
    FileMade,
    ModelBuilt,
    RoundEnded,
    TrainingFinished,
    TrainingReport,
)
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ChunkReady, EpochEnded, Event, ModelReady, TrainingStarted
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import PermanentError, UnfitEntryError
from mlaas4hep.pipeline.attention import check_wanted, is_wanted
from mlaas4hep.pipeline.reactions import News
from mlaas4hep.pipeline.training.bundles import Bundle
from mlaas4hep.pipeline.training.checkpoints import Checkpoints
from mlaas4hep.pipeline.training.handover import Handover
from mlaas4hep.pipeline.training.modelpy import load_model_py
from mlaas4hep.pipeline.training.roundhistory import RoundHistory
from mlaas4hep.pipeline.training.trainingplan import TrainingPlan, load_plan
from mlaas4hep.ports import Services, Training
from mlaas4hep.ports.runs import LEASE_S, Confirm

_TICK_S = 1.0  #: how long a cancelled run goes unnoticed at most
_LOOK_S = 0.2  #: between two looks for a chunk that is being made again
_HANDED_ON_S = LEASE_S + 1.0  #: until the lease of a training that was killed is free
_LARGEST_FILE = 4 * 1024**3


def train(event: ChunkReady, services: Services) -> Iterable[News]:
    """Train the run's model, if this is its first chunk; the others only count as progress.

    Raises:
        PermanentError: model.py or the data cannot be trained.
        ServiceUnavailableError: the training was killed, or another delivery of the event is
            training already; the next delivery goes on from the last checkpoint.
    """
    return _train(event, services) if event.index == 0 else []


def _train(event: ChunkReady, services: Services) -> Iterator[Event]:
    plan = load_plan(event, services)
    model_py, beside = load_model_py(plan.inputs.request, services)
    services.trainer.prepare(plan.job, model_py)  # while the lease of somebody dead ends
    with ExitStack() as stack:
        lease = f"train/{event.owner}/{event.run}"
        confirm = stack.enter_context(services.leases.hold(lease, _HANDED_ON_S))
        check_wanted(event, services)  # who held it before may have ended the run
        bundle = Bundle(plan, services)
        bundle.check_name()
        checkpoints = Checkpoints(plan, event.attempt, services)
        found, objection = stack.enter_context(checkpoints.usable())
        training = stack.enter_context(services.trainer.start(plan.job, model_py, found, beside))
        under_way = _UnderWay(
            event=event,
            services=services,
            training=training,
            handover=Handover(event=event, services=services, plan=plan, training=training),
            bundle=bundle,
            checkpoints=checkpoints,
            confirm=confirm,
            warnings=(*plan.warnings, *_refused(objection)),
        )
        stack.callback(under_way.store_rounds)
        stack.callback(under_way.store_log)
        stack.enter_context(_naming_entry(plan))
        yield from under_way.news()
    checkpoints.remove()


@contextmanager
def _naming_entry(plan: TrainingPlan) -> Iterator[None]:
    """Say which entry of which file has the label that a training refuses."""
    try:
        yield
    except UnfitEntryError as error:
        found = plan.entry_of(error.chunk, error.draw)
        if found is None:
            raise
        file, entry = found
        raise PermanentError(
            f"{error} (entry {entry} of {file})",
            stage="train",
            file=file,
            branch=plan.inputs.request.labels.expression,
            hint=error.problem.hint,
        ) from error


def _refused(objection: str) -> tuple[str, ...]:
    if not objection:
        return ()
    return (f"the training begins with the first round; the checkpoint is not used: {objection}",)


@dataclass(slots=True, kw_only=True)
class _UnderWay:
    """One training, and what it still waits for."""

    event: ChunkReady
    services: Services
    training: Training
    handover: Handover
    bundle: Bundle
    checkpoints: Checkpoints
    confirm: Confirm  #: that no other delivery trains by now, because this one stood still
    is_ours: bool = True  #: as far as is known
    warnings: tuple[str, ...] = ()
    wanted: deque[int] = field(default_factory=deque)
    logged: bytes = b""
    history: RoundHistory = field(init=False)

    def __post_init__(self) -> None:
        self.history = RoundHistory(
            self.event.owner, self.event.run, self.services, self._make_sure
        )

    def news(self) -> Iterator[Event]:
        """Follow the training to its end, or until the run is over for another reason."""
        report = None
        while True:
            if self.wanted or report is None:
                run = self._run()
                if not is_wanted(run, self.event):
                    self.services.stopping.check()  # the checkpoint may be wanted again
                    # Of a run that is done, another delivery's files are newer.
                    self.is_ours = run.status is not Status.DONE
                    return
                yield from self._hand_over(run)
            self.services.stopping.check()
            report = self.training.report(0 if self.wanted else _TICK_S)
            if report is None:
                self.store_log()
                self.store_rounds()
            else:
                yield from self._news_of(report)
            if isinstance(report, TrainingFinished):
                return

    def _run(self) -> Run:
        """Return the run; if a chunk is wanted, as soon as it is there, or after a while."""
        owner, name = self.event.owner, self.event.run
        if not self.wanted:
            return self.services.runs.get(owner, name)
        index = self.wanted[0]
        is_there = not self.handover.is_awaited(index)
        return self.services.runs.wait(
            owner,
            name,
            lambda run: (is_there and run.chunks.has(index)) or not is_wanted(run, self.event),
            _TICK_S if is_there else _LOOK_S,
        )

    def _hand_over(self, run: Run) -> Iterator[Event]:
        """Hand over the chunk that is wanted if it is ready, or ask for it again if it is lost."""
        if not self.wanted:
            return
        index = self.wanted[0]
        if not run.chunks.has(index) or self.handover.is_awaited(index):
            return
        objection = self.handover.give(index)
        if objection:
            yield from self.handover.ask_for(index, str(objection), run)
        else:
            self.wanted.popleft()

    def _news_of(self, report: TrainingReport) -> Iterator[Event]:
        match report:
            case ChunkWanted():
                self.wanted.append(report.index)
            case FileMade():
                self._store(report)
            case ModelBuilt():
                self.bundle.isolation = report.isolation
                self.history.resume(report.resumed)
                yield self._started(report)
            case RoundEnded():
                self.history.add(report)
                yield EpochEnded(
                    owner=self.event.owner,
                    run=self.event.run,
                    attempt=self.event.attempt,
                    round=report.round,
                    metrics=report.metrics,
                )
            case TrainingFinished():
                self._check_wanted()
                self.store_rounds()  # whoever hears that the run is done looks at all rounds
                self.store_log()
                yield self._ready(report)

    def _started(self, built: ModelBuilt) -> TrainingStarted:
        return TrainingStarted(
            owner=self.event.owner,
            run=self.event.run,
            attempt=self.event.attempt,
            rounds=built.rounds,
            isolation=built.isolation,
            resumed=built.resumed,
            begun_at=self.services.clock(),
            warnings=(*self.warnings, *built.summary.warnings),
        )

    def _ready(self, finished: TrainingFinished) -> ModelReady:
        """Publish the bundle, and return the news of it."""
        return ModelReady(
            owner=self.event.owner,
            run=self.event.run,
            attempt=self.event.attempt,
            model=self.event.run,
            version=self.bundle.publish(finished),
            metrics=finished.metrics,
            warnings=finished.warnings,
            learned=finished.task,
        )

    def _store(self, made: FileMade) -> None:
        """Keep a file where its kind belongs; the log so far goes with a checkpoint."""
        kind, _, path = made.name.partition("/")
        with made.file as file:
            self._check_wanted()
            if kind in ("bundle", "plots"):
                self.bundle.add(path if kind == "bundle" else made.name, file)
            if kind == "plots":
                file.seek(0)
                key = files.key(self.event.owner, self.event.run, made.name)
                self.services.runs_files.put_stream(key, file, _LARGEST_FILE)
            if kind == "checkpoint":
                self.checkpoints.store(file)
                self.store_log()
                self.store_rounds()

    def _check_wanted(self) -> None:
        """Go on only if the run still waits for this training: another delivery may have ended it.

        Raises:
            RunOverError: it is over.
            ServiceUnavailableError: another delivery trains, or nobody can tell.
        """
        self._make_sure()
        self.is_ours = False
        check_wanted(self.event, self.services)
        self.is_ours = True

    def _make_sure(self) -> None:
        """Go on only if what is stored is nobody else's: another delivery's would be newer.

        Raises:
            ServiceUnavailableError: another delivery trains, or nobody can tell.
        """
        self.is_ours = False
        self.confirm()
        self.is_ours = True

    def store_rounds(self) -> None:
        """Store the figures of the rounds so far."""
        if self.is_ours:
            self.history.store()

    def store_log(self) -> None:
        """Store what the training printed, if it printed more."""
        log = self.training.log()
        if log != self.logged and self.is_ours:
            self._make_sure()
            key = files.key(self.event.owner, self.event.run, files.LOG)
            self.services.runs_files.put(key, log)
            self.logged = log
