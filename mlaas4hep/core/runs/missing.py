"""What a run that has gone quiet still waits for: the events that make it go on, from its record.

Doing a step again changes nothing, so that telling too much costs time and harms nobody.
"""

from typing import Any

from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    ChunkReady,
    Event,
    RangeToScore,
    RunSubmitted,
    ScanContinued,
    ScoringSubmitted,
)
from mlaas4hep.core.runs.run import Run


def next_events(run: Run) -> tuple[Event, ...]:
    """Return the events that bring a run to its end if nothing else is on its way; none if over."""
    if run.is_final:
        return ()
    who: dict[str, Any] = {"owner": run.owner, "run": run.name, "attempt": run.attempt}
    if run.task == "scoring":
        return _of_scoring(run, who)
    if run.task == "scan":
        return (ScanContinued(**who),)
    if not run.specs:
        return (RunSubmitted(**who),)
    planned = (ChunkPlanned(**who, index=index, specs=run.specs) for index in run.chunks.missing())
    first = ChunkReady(**who, index=0, key="", entries=0)  # the training knows keys and sizes
    return (*planned, *([first] if run.chunks.has(0) else []))


def _of_scoring(run: Run, who: dict[str, Any]) -> tuple[Event, ...]:
    if run.ranges.total is None:
        return (ScoringSubmitted(**who),)
    left = run.ranges.missing() or (run.ranges.total - 1,)  # any puts the table together
    return tuple(RangeToScore(**who, index=index) for index in left)
