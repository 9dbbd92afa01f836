"""The facts that functions tell each other.

An event is past tense, carries keys and never payloads, and its id is computed from its content:
the same fact told twice has the same id, so that JetStream can drop the echo.
"""

from dataclasses import dataclass
from typing import ClassVar

from mlaas4hep.errors import Problem

SUBJECTS = ("mlaas.specs", "mlaas.chunk-preprocess", "mlaas.train", "mlaas.predict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact about one attempt at one run."""

    type: ClassVar[str]
    subject: ClassVar[str | None] = None  #: None: written into the run, sent to nobody

    owner: str
    run: str
    attempt: int = 1  #: grows when a person restarts the run, so that ids differ

    @property
    def id(self) -> str:
        """Return the same text for the same fact."""
        return "/".join((self.owner, self.run, str(self.attempt), *self._facts(), self.type))

    @property
    def sent_to(self) -> str | None:
        """Return the subject that this event is published to, or None."""
        return self.subject

    def _facts(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSubmitted(Event):
    """A person's request is complete, checked and stored; its files may be opened."""

    type = "run.submitted"
    subject = "mlaas.specs"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesOpened(Event):
    """Every input file was opened; this is what will be measured."""

    type = "files.opened"

    files: int
    ranges: int
    entries: int  #: entries in all ranges together, before cuts
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePlanned(Event):
    """Entries [start, stop) of one file are to be measured."""

    type = "range.planned"
    subject = "mlaas.specs"

    index: int  #: of the range among all ranges of the run
    file: int  #: index into the request's files
    start: int
    stop: int

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeMeasured(Event):
    """The specs of one range lie in the store."""

    type = "range.measured"
    subject = "mlaas.specs"

    index: int
    key: str  #: object key in bucket specs
    entries: int  #: entries read
    passed: int  #: entries that pass the cuts

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecsReady(Event):
    """The specs of all ranges together lie in the store, and the chunks are planned."""

    type = "specs.ready"

    key: str  #: object key in bucket specs
    entries: int  #: entries that will be trained on
    columns: int
    chunks: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlanned(Event):
    """Chunks [index, index + count) are to be made, with the specs under `specs`."""

    type = "chunk.planned"
    subject = "mlaas.chunk-preprocess"

    index: int
    specs: str  #: object key in bucket specs
    count: int = 1
    again: str = ""  #: not empty: make them even if they are there; a text never used before

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}{self.again}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLost(Event):
    """A chunk that was ready is damaged or gone; another one is being made."""

    type = "chunk.lost"

    index: int
    reason: str
    lost: int  #: chunks that this attempt has lost, with this one

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.lost:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkReady(Event):
    """Chunk `index` lies in the store and may be trained on.

    Chunk 0 starts the training, which finds the others in the run's record.
    """

    type = "chunk.ready"
    subject = "mlaas.train"

    index: int
    key: str  #: object key in bucket chunks
    entries: int

    @property
    def sent_to(self) -> str | None:
        """Return train's subject for the chunk that wakes it."""
        return self.subject if self.index == 0 else None

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStarted(Event):
    """The user's model was built and the first chunk goes in."""

    type = "training.started"

    rounds: int  #: how many `EpochEnded` a whole training has
    isolation: tuple[str, ...] = ()  #: what confines model.py here, such as "landlock"
    resumed: int = 0  #: rounds found done in a checkpoint
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnded(Event):
    """One epoch (of one chunk, when training is "chunked") ended and its checkpoint is stored."""

    type = "epoch.ended"

    round: int  #: from 0, over all chunks and epochs
    metrics: tuple[tuple[str, float], ...] = ()  #: such as (("loss", 0.61), ("val_loss", 0.62))

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.round:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReady(Event):
    """The trained bundle lies in the store; the run is done."""

    type = "model.ready"
    subject = "mlaas.predict"

    model: str
    version: str
    metrics: tuple[tuple[str, float], ...] = ()  #: final ones, such as (("test_auc", 0.77),)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringSubmitted(Event):
    """A person wants ROOT files scored by a model; their request is checked and stored."""

    type = "scoring.submitted"
    subject = "mlaas.specs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPlanned(Event):
    """Every file was opened and suits the model; this is what will be scored."""

    type = "scoring.planned"

    files: int
    ranges: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeToScore(Event):
    """Range `index` of the plan is to be scored."""

    type = "range.to_score"
    subject = "mlaas.chunk-preprocess"

    index: int

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeScored(Event):
    """The scores of one range lie in the store."""

    type = "range.scored"

    index: int

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresReady(Event):
    """The table with all scores lies in the store; the run is done."""

    type = "scores.ready"

    key: str  #: object key in bucket runs
    metrics: tuple[tuple[str, float], ...] = ()  #: how many entries are odd


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanContinued(Event):
    """A scan may go on: it was submitted, or a turn of it ended."""

    type = "scan.continued"
    subject = "mlaas.specs"

    turn: int = 0

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.turn:08d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded(Event):
    """One trial of a scan is over, whatever became of it."""

    type = "trial.ended"

    index: int
    trials: int  #: that there will be
    metrics: tuple[tuple[str, float], ...] = ()

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEnded(Event):
    """All trials of a scan are over, and the best is known."""

    type = "scan.ended"

    model: str  #: of the best trial, or the name that it was promoted to
    metrics: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed(Event):
    """The run cannot go on; `problem` says why and what to do."""

    type = "run.failed"

    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled(Event):
    """A person stopped the run."""

    type = "run.cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRestarted(Event):
    """A person asked for another attempt; what is stored already is used again."""

    type = "run.restarted"


KINDS: dict[str, type[Event]] = {
    kind.type: kind
    for kind in (
        RunSubmitted,
        FilesOpened,
        RangePlanned,
        RangeMeasured,
        SpecsReady,
        ChunkPlanned,
        ChunkLost,
        ChunkReady,
        TrainingStarted,
        EpochEnded,
        ModelReady,
        ScoringSubmitted,
        ScoringPlanned,
        RangeToScore,
        RangeScored,
        ScoresReady,
        ScanContinued,
        TrialEnded,
        ScanEnded,
        RunFailed,
        RunCancelled,
        RunRestarted,
    )
}
