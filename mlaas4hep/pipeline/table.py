"""The one table of events: which function an event wakes, and which step it does there.

Handlers, the one-process runtime and the tests read it; `stack.yml` repeats the subjects, and
tests/deployment holds them against it. An event that is not here is written into the run and
sent to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    ChunkReady,
    Event,
    ModelReady,
    RangeMeasured,
    RangePlanned,
    RangeToScore,
    RunSubmitted,
    ScanContinued,
    ScoringSubmitted,
)
from mlaas4hep.pipeline.preprocessing.chunks import preprocess_chunks
from mlaas4hep.pipeline.reactions import Step
from mlaas4hep.pipeline.scans import take_turn
from mlaas4hep.pipeline.scoring import open_scoring, score_range
from mlaas4hep.pipeline.specs import measure_range, merge_ranges, open_files
from mlaas4hep.pipeline.training.train import train


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of event and what it wakes."""

    event: type[Event]
    function: str
    step: Step | None  #: None: the function is an app of its own and takes the event itself


def _row(event: type[Any], function: str, step: Step | None) -> Row:
    return Row(event=event, function=function, step=step)


TABLE = (
    _row(RunSubmitted, "specs", open_files),
    _row(RangePlanned, "specs", measure_range),
    _row(RangeMeasured, "specs", merge_ranges),
    _row(ChunkPlanned, "chunk-preprocess", preprocess_chunks),
    _row(ChunkReady, "train", train),
    _row(ModelReady, "predict", None),
    _row(ScanContinued, "specs", take_turn),
    _row(ScoringSubmitted, "specs", open_scoring),
    _row(RangeToScore, "chunk-preprocess", score_range),
)


def steps(*functions: str) -> Mapping[type[Event], Step]:
    """Return the step of each event that wakes one of `functions` (none named: any function)."""
    return {
        row.event: row.step
        for row in TABLE
        if row.step is not None and (not functions or row.function in functions)
    }
