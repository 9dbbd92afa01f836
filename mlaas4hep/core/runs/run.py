"""One execution of a request, as a state machine: the run is what its events add up to.

    submitted → measuring → preparing → training → done      (or: submitted → scoring | scanning → done)
         └──────────┴───────────┴──────────┴─────→ failed | cancelled
    failed | cancelled ── restarted ──→ submitted (attempt + 1)
    any but the last ── a file is bad, and may be skipped ──→ submitted (attempt + 1)

`apply` never looks at a clock and never counts an event twice, so that events may arrive late,
repeated and in any order.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from mlaas4hep.core.runs.events import (
    ChunkLost,
    ChunkReady,
    EpochEnded,
    Event,
    FileAwaited,
    FileCame,
    FilesOpened,
    ModelReady,
    RangeMeasured,
    RangeScored,
    RunCancelled,
    RunFailed,
    RunRestarted,
    ScanContinued,
    ScanEnded,
    ScoresReady,
    ScoringPlanned,
    SpecsReady,
    TrainingStarted,
    TrialEnded,
)
from mlaas4hep.core.runs.inputfiles import AwaitedFile, SkippedFile
from mlaas4hep.core.runs.pace import Pace
from mlaas4hep.core.runs.progress import Progress
from mlaas4hep.errors import Problem


class Status(StrEnum):
    """Where a run stands."""

    SUBMITTED = "submitted"
    MEASURING = "measuring"
    PREPARING = "preparing"
    TRAINING = "training"
    SCORING = "scoring"
    SCANNING = "scanning"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_MOST_AWAITED = 10  #: files that a record names
_READING = ("specs", "chunk-preprocess")
FINAL = frozenset({Status.DONE, Status.FAILED, Status.CANCELLED})
_ORDER = (
    Status.SUBMITTED,
    Status.MEASURING,
    Status.PREPARING,
    Status.TRAINING,
    Status.SCORING,
    Status.SCANNING,
    Status.DONE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that is known about one run, small enough for one key-value record."""

    owner: str
    name: str  #: "luca_1", the ancestor's process_name
    folder: str  #: "luca", the uploaded tarball it was submitted from
    number: int  #: 1 in "luca_1"
    id: str = ""  #: unique for ever; the name is for people
    created_at: float  #: seconds since the epoch, UTC
    updated_at: float
    title: str = ""
    upload: str | None = None  #: prefix of the uploaded files it needs; None: of an earlier release
    task: Literal["training", "scoring", "scan"] = "training"
    framework: str = ""  #: that model.py uses, likeliest; empty: nothing is trained
    learned: str = ""  #: binary, multiclass, regression or other; empty: no model is there yet
    attempt: int = 1
    skips_bad_files: bool = False  #: `on_bad_file` of params.json
    patience_s: float = 0.0  #: how long a file's server may be away; 0: as the deployment says
    given_up: tuple[SkippedFile, ...] = ()  #: files that are not opened any more
    skipped: tuple[SkippedFile, ...] = ()  #: files that this attempt goes on without
    awaited: tuple[AwaitedFile, ...] = ()  #: files whose servers are away
    status: Status = Status.SUBMITTED
    files: int = 0
    entries: int = 0  #: in the ranges to measure, before cuts
    selected: int = 0  #: entries that will be trained on
    columns: int = 0
    ranges: Progress = Progress()
    chunks: Progress = Progress()
    lost: int = 0  #: chunks that were damaged or gone, and were made again
    rounds: Progress = Progress()  #: epochs, over all chunks when training is "chunked"
    resumed: int = 0  #: rounds that the last start of the training found in a checkpoint
    begun_at: float = 0.0  #: when that was
    pace: Pace = Pace()  #: of rounds since that start
    specs: str = ""  #: object key of the merged specs
    model: str = ""
    version: str = ""
    scores: str = ""  #: object key of the table that a scoring made
    isolation: tuple[str, ...] = ()
    metrics: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()
    problem: Problem | None = None

    @property
    def is_final(self) -> bool:
        """Tell whether nothing will happen any more."""
        return self.status in FINAL

    def apply(self, event: Event, at: float) -> "Run":
        """Return the run after `event`; an event of another attempt or a repeat changes nothing.

        Args:
            at: seconds since the epoch at which the event became known.
        """
        if isinstance(event, RunRestarted):
            return self._restarted(event, at)
        if event.attempt != self.attempt or self.is_final:
            return self
        changed = self._changed(event, at)
        if changed.is_final and changed.awaited:
            changed = replace(changed, awaited=())
        return self if changed == self else replace(changed, updated_at=at)

    def _restarted(self, event: RunRestarted, at: float) -> "Run":
        if event.attempt <= self.attempt or self.status is Status.DONE:
            return self
        return self._again(event.attempt, at)

    def _again(self, attempt: int, at: float) -> "Run":
        """Return the run as it begins another attempt."""
        return Run(
            owner=self.owner,
            id=self.id,
            name=self.name,
            folder=self.folder,
            number=self.number,
            title=self.title,
            task=self.task,
            framework=self.framework,
            skips_bad_files=self.skips_bad_files,
            patience_s=self.patience_s,
            created_at=self.created_at,
            updated_at=at,
            attempt=attempt,
        )

    def _failed(self, problem: Problem, at: float) -> "Run":
        """Return the run as it fails, or as it begins again without the file that is bad."""
        bad = problem.file
        known = {each.file for each in self.given_up}
        if not self.skips_bad_files or problem.stage not in _READING or not bad or bad in known:
            return replace(self, status=Status.FAILED, problem=problem)
        given_up = (*self.given_up, SkippedFile(file=bad, reason=problem.message))
        return replace(self._again(self.attempt + 1, at), given_up=given_up)

    def _awaiting(self, awaited: AwaitedFile) -> "Run":
        """Return the run as it waits for one more file; the first ones are remembered."""
        others = [each for each in self.awaited if each.file != awaited.file]
        return replace(self, awaited=(*others, awaited)[:_MOST_AWAITED])

    def _changed(self, event: Event, at: float) -> "Run":  # noqa: C901, PLR0911, PLR0912 - a flat table
        match event:
            case FilesOpened():
                return replace(
                    self._at_least(Status.MEASURING),
                    files=event.files,
                    entries=event.entries,
                    warnings=self._warned(event),
                    skipped=event.skipped,
                    ranges=self.ranges.expect(event.ranges, at),
                )
            case FileAwaited():
                return self._awaiting(event.awaited)
            case FileCame():
                left = tuple(each for each in self.awaited if each.file != event.file)
                return replace(self, awaited=left)
            case RangeMeasured():
                return replace(self, ranges=self.ranges.mark(event.index, at))
            case SpecsReady():
                return replace(
                    self._at_least(Status.PREPARING),
                    specs=event.key,
                    selected=event.entries,
                    columns=event.columns,
                    warnings=self._warned(event),
                    chunks=self.chunks.expect(event.chunks, at),
                )
            case ChunkReady():
                return replace(self, chunks=self.chunks.mark(event.index, at))
            case ChunkLost():
                return replace(self, lost=max(self.lost, event.lost))
            case TrainingStarted():
                start = (event.resumed, event.begun_at)
                return replace(
                    self._at_least(Status.TRAINING),
                    isolation=event.isolation,
                    resumed=event.resumed,
                    begun_at=event.begun_at,
                    pace=self.pace if start == (self.resumed, self.begun_at) else Pace(),
                    warnings=self._warned(event),
                    rounds=self.rounds.expect(event.rounds, at).mark_first(event.resumed, at),
                )
            case EpochEnded():
                return self._round_ended(event, at)
            case ModelReady():
                return replace(
                    self._at_least(Status.DONE),
                    model=event.model,
                    version=event.version,
                    metrics=event.metrics,
                    warnings=self._warned(event),
                    learned=event.learned,
                )
            case ScoringPlanned():
                return replace(
                    self._at_least(Status.SCORING),
                    files=event.files,
                    entries=event.entries,
                    ranges=self.ranges.expect(event.ranges, at),
                )
            case RangeScored():
                return replace(self, ranges=self.ranges.mark(event.index, at))
            case ScoresReady():
                return replace(self._at_least(Status.DONE), scores=event.key, metrics=event.metrics)
            case ScanContinued():
                return self._at_least(Status.SCANNING)
            case TrialEnded():
                rounds = self.rounds if self.rounds.total else self.rounds.expect(event.trials, at)
                return replace(self, rounds=rounds.mark(event.index, at))
            case ScanEnded():
                return replace(
                    self._at_least(Status.DONE), model=event.model, metrics=event.metrics
                )
            case RunFailed():
                return self._failed(event.problem, at)
            case RunCancelled():
                return replace(self, status=Status.CANCELLED)
            case _:
                return self

    def _round_ended(self, event: EpochEnded, at: float) -> "Run":
        rounds = self.rounds.mark(event.round, at)
        pace = self.pace.after(event.round + 1, at)  # rounds that are done again take time, too
        return replace(self, rounds=rounds, pace=pace, metrics=event.metrics)

    def _warned(
        self, event: FilesOpened | SpecsReady | TrainingStarted | ModelReady
    ) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.warnings, *event.warnings)))

    def _at_least(self, status: Status) -> "Run":
        if _ORDER.index(self.status) >= _ORDER.index(status):
            return self
        return replace(self, status=status)
