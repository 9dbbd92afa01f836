"""The trials of a scan: what each tries, how it stands, and which is the best."""

import math
from dataclasses import dataclass, replace
from typing import Literal, Self

from mlaas4hep.core.requests.scan import Scan, Values
from mlaas4hep.core.runs.run import Run, Status

TrialStatus = Literal["running", "done", "failed", "pruned", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of a scan."""

    number: int
    run: str
    values: Values
    status: TrialStatus = "running"
    figure: float | None = None  #: once it is done
    rounds: tuple[float, ...] = ()  #: the figure after each round, from the first one on
    problem: str = ""

    def after(self, run: Run | None, figure: str, rounds: tuple[float, ...]) -> "Trial":
        """Return the trial after a look at its run; None: the run was deleted."""
        if self.status != "running":
            return self
        if run is None or run.status is Status.CANCELLED:
            return replace(self, status="cancelled")
        figures = dict(reversed(run.metrics))  # the first of a name is the exact one
        if run.status is Status.FAILED:
            return replace(
                self, status="failed", problem=run.problem.message if run.problem else ""
            )
        if run.status is not Status.DONE:
            return replace(self, rounds=rounds)
        value = figures.get(figure)
        if value is None or math.isnan(value):
            names = ", ".join(sorted(figures)) or "none"
            lacks = f"it has no figure {figure!r}; there are {names}"
            problem = lacks if value is None else f"its {figure} is no number"
            return replace(self, status="failed", problem=problem)
        return replace(self, status="done", figure=value, rounds=rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """What is written down of a scan under way."""

    trials: tuple[Trial, ...] = ()
    attempt: int = 1  #: of the scan, that they stand for
    again: tuple[int, ...] = ()  #: numbers of those that this attempt is to try again
    starting: int | None = None  #: number of the one whose run may not be stored yet

    def in_attempt(self, attempt: int) -> Self:
        """Return the trials in an attempt of the scan: a new one tries again what did not end well."""
        if attempt <= self.attempt:
            return self
        again = tuple(one.number for one in self.trials if one.status in ("failed", "cancelled"))
        return replace(self, attempt=attempt, again=again)

    def starting_with(self, trial: Trial) -> Self:
        """Return the trials with one that is about to be submitted, perhaps once more."""
        again = tuple(number for number in self.again if number != trial.number)
        return replace(self.having(trial), again=again, starting=trial.number)

    def having(self, trial: Trial) -> Self:
        """Return the trials with a submitted one in its place."""
        others = (one for one in self.trials if one.number != trial.number)
        ordered = sorted((*others, trial), key=lambda one: one.number)
        return replace(self, trials=tuple(ordered), starting=None)

    @property
    def running(self) -> tuple[Trial, ...]:
        """Return the trials that are not over."""
        return tuple(trial for trial in self.trials if trial.status == "running")

    def best(self, scan: Scan) -> Trial | None:
        """Return the best one that is done; the first of several."""
        done = [trial for trial in self.trials if trial.figure is not None]
        sign = -1 if scan.maximise else 1
        return min(done, key=lambda trial: sign * (trial.figure or 0.0), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """A scan as people see it."""

    name: str
    status: Status
    figure: str
    maximise: bool
    planned: int  #: trials
    trials: tuple[Trial, ...]  #: best first, then those that are not done
    best: str  #: run of the best trial; empty: none is done
    model: str  #: name under which the best model is served; empty: it is not promoted


def scan_report(run: Run, scan: Scan, trials: Trials) -> ScanReport:
    """Return the table of a scan."""
    sign = -1 if scan.maximise else 1
    ranked = sorted(
        trials.trials,
        key=lambda one: (one.figure is None, sign * (one.figure or 0.0), one.number),
    )
    best = trials.best(scan)
    return ScanReport(
        name=run.name,
        status=run.status,
        figure=scan.figure,
        maximise=scan.maximise,
        planned=scan.trials,
        trials=tuple(ranked),
        best=best.run if best else "",
        model=run.model,
    )
