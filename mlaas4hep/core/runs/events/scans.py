"""The events of scans, of which each trial is a run of its own."""

from dataclasses import dataclass

from mlaas4hep.core.runs.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanContinued(Event):
    """A scan may go on: it was submitted, or a turn of it ended."""

    task = "scan"
    type = "scan.continued"
    subject = "mlaas.specs"

    turn: int = 0

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.turn:08d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded(Event):
    """One trial of a scan is over, whatever became of it."""

    task = "scan"
    type = "trial.ended"

    index: int
    trials: int  #: that there will be
    metrics: tuple[tuple[str, float], ...] = ()

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEnded(Event):
    """All trials of a scan are over, and the best is known."""

    task = "scan"
    type = "scan.ended"

    model: str  #: of the best trial, or the name that it was promoted to
    metrics: tuple[tuple[str, float], ...] = ()
