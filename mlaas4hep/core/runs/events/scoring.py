"""The events of scoring: files are read, and a model looks at them."""

from dataclasses import dataclass

from mlaas4hep.core.runs.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringSubmitted(Event):
    """A person wants ROOT files scored by a model; their request is checked and stored."""

    task = "scoring"
    type = "scoring.submitted"
    subject = "mlaas.specs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPlanned(Event):
    """Every file was opened and suits the model; this is what will be scored."""

    task = "scoring"
    type = "scoring.planned"

    files: int
    ranges: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeToScore(Event):
    """Range `index` of the plan is to be scored."""

    task = "scoring"
    type = "range.to_score"
    subject = "mlaas.chunk-preprocess"

    index: int

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeScored(Event):
    """The scores of one range lie in the store."""

    task = "scoring"
    type = "range.scored"

    index: int

    def _facts(self) -> tuple[str, ...]:
        return (f"{self.index:06d}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresReady(Event):
    """The table with all scores lies in the store; the run is done."""

    task = "scoring"
    type = "scores.ready"

    key: str  #: object key in bucket runs
    metrics: tuple[tuple[str, float], ...] = ()  #: how many entries are odd
