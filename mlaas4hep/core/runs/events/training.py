"""The events of a training, from the request to the model."""

from dataclasses import dataclass

from mlaas4hep.core.runs.events.event import Event
from mlaas4hep.core.runs.inputfiles import SkippedFile


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
    skipped: tuple[SkippedFile, ...] = ()


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
    begun_at: float = 0.0  #: seconds since the epoch; tells one process from the next
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
    learned: str = ""  #: binary, multiclass, regression or other
