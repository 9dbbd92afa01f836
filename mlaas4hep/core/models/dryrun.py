"""What a run would do, as a dry run finds it."""

from dataclasses import dataclass

from mlaas4hep.core.data.specs.cutcounts import CutCount
from mlaas4hep.core.models.duration import TimeEstimate
from mlaas4hep.core.models.training import ModelSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunFile:
    """What one file holds."""

    file: str
    tree: str
    entries: int
    sampled: int
    passed: int  #: of the sample
    cut_flow: tuple[CutCount, ...]  #: of the sample


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A branch that the network does not see."""

    branch: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a run would do; figures after cuts are estimates."""

    files: tuple[DryRunFile, ...]
    entries: int
    selected_entries: int
    features: tuple[str, ...]
    left_out: tuple[LeftOut, ...]  #: branches that are no features, with the reason
    identifiers: tuple[str, ...]
    label: tuple[str, ...]  #: branches that it is computed from
    columns: int  #: rows of jagged branches as long as in the sample
    folds: int = 0  #: models, one for each fold; 0: there is one
    chunks: int
    largest_chunk_entries: int
    chunk_bytes: int
    memory_bytes: int  #: that the training will take, more or less
    model: ModelSummary | None  #: of one fold, if there are several; None: not built here
    time: TimeEstimate | None = None  #: None: it could not be measured
    warnings: tuple[str, ...]
