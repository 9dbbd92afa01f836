"""What people and programs are told about a run; `report` computes it, the client gets it.

Whoever installs the client alone has no NumPy: nothing here needs it.
"""

from dataclasses import dataclass

from mlaas4hep.core.data.specs.cutcounts import CutCount
from mlaas4hep.core.runs.inputfiles import SkippedFile
from mlaas4hep.core.runs.run import FINAL, Status
from mlaas4hep.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How far one stage is; what cannot be known yet is None."""

    stage: str  #: the function that does it
    unit: str  #: what is counted
    state: str  #: waiting, running, done, failed, cancelled
    done: int
    failed: int
    total: int | None
    left: int | None
    seconds: float | None  #: since its start, or from start to end
    per_second: float | None
    eta_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file whose server is away."""

    file: str
    attempt: int  #: that comes next, or is under way
    attempts: int  #: before the run does without the file, or fails
    next_at: str
    reason: str
    text: str  #: all of that in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCount:
    """What was found in one input file."""

    file: str
    entries: int  #: measured
    passed: int  #: of them, those that pass the cuts
    cuts: tuple[CutCount, ...] = ()  #: what each leaves; empty: there are none, or it is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One line of a list of runs."""

    name: str
    owner: str = ""
    folder: str
    title: str
    task: str  #: training, scoring or scan
    framework: str = ""  #: that model.py uses; empty: nothing is trained
    learned: str = ""  #: binary, multiclass, regression or other; empty: no model is there yet
    status: Status
    attempt: int
    created_at: str
    updated_at: str
    seconds: float  #: from creation to the end, or to now
    model: str
    metrics: dict[str, float | None]  #: None: it was not a number
    problem: Problem | None

    @property
    def is_final(self) -> bool:
        """Tell whether nothing will happen any more."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Summary):
    """Everything about one run."""

    entries: int
    selected_entries: int
    columns: int
    lost_chunks: int  #: that were damaged or gone, and were made again
    files: tuple[FileCount, ...]
    skipped_files: tuple[SkippedFile, ...] = ()  #: that cannot be read, and that it goes on without
    waiting: tuple[Waiting, ...] = ()  #: for servers that are away
    stages: tuple[Stage, ...]
    isolation: tuple[str, ...]
    warnings: tuple[str, ...]
    version: str
    mark: str  #: changes whenever the run does; see `GET /runs/NAME?seen=MARK&wait=30`
