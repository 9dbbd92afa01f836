"""The facts that functions tell each other.

An event is past tense, carries keys and never payloads, and its id is computed from its content:
the same fact told twice has the same id, so that JetStream can drop the echo.
"""

from mlaas4hep.core.runs.events.ends import RunCancelled, RunFailed, RunRestarted
from mlaas4hep.core.runs.events.event import SUBJECTS, Event
from mlaas4hep.core.runs.events.inputfiles import FileAwaited, FileCame
from mlaas4hep.core.runs.events.scans import ScanContinued, ScanEnded, TrialEnded
from mlaas4hep.core.runs.events.scoring import (
    RangeScored,
    RangeToScore,
    ScoresReady,
    ScoringPlanned,
    ScoringSubmitted,
)
from mlaas4hep.core.runs.events.training import (
    ChunkLost,
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

__all__ = [
    "KINDS",
    "SUBJECTS",
    "ChunkLost",
    "ChunkPlanned",
    "ChunkReady",
    "EpochEnded",
    "Event",
    "FileAwaited",
    "FileCame",
    "FilesOpened",
    "ModelReady",
    "RangeMeasured",
    "RangePlanned",
    "RangeScored",
    "RangeToScore",
    "RunCancelled",
    "RunFailed",
    "RunRestarted",
    "RunSubmitted",
    "ScanContinued",
    "ScanEnded",
    "ScoresReady",
    "ScoringPlanned",
    "ScoringSubmitted",
    "SpecsReady",
    "TrainingStarted",
    "TrialEnded",
]

KINDS: dict[str, type[Event]] = {
    kind.type: kind
    for kind in (
        RunSubmitted,
        FilesOpened,
        FileAwaited,
        FileCame,
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
