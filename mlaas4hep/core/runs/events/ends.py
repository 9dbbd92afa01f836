"""The events by which any run ends early, or begins again."""

from dataclasses import dataclass

from mlaas4hep.core.runs.events.event import Event
from mlaas4hep.errors import Problem


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
