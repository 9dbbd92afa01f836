"""Following a run to its end."""

import json
import sys
from collections.abc import Iterable, Iterator

import typer

from mlaas4hep.cli.terminal.screen import show, stage_bars, tell_problem
from mlaas4hep.core import wire
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.figures import figures
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import MlaasError, ServiceUnavailableError, UnauthenticatedError


class LostSightError(MlaasError):
    """Nobody tells any more how a run goes; that is no news of the run itself."""

    code = "lost_sight"


def follow(reports: Iterable[Report], as_json: bool) -> Report:
    """Show each change, and return the run as it ended.

    At a terminal there are bars; in a pipe a line for each new status, or each change as one
    line of JSON.
    """
    last: Report | None = None
    with stage_bars(shown=not as_json) as draw:
        for report in in_sight(reports):
            draw(report.stages, report.metrics, report.waiting)
            if as_json:
                print(json.dumps(json.loads(wire.show(report))), flush=True)
            elif not sys.stderr.isatty() and (last is None or last.status != report.status):
                show(f"{report.updated_at} {report.name} is {_status_line(report)}")
            last = report
    assert last is not None  # noqa: S101 - a run has at least its first state
    return last


def in_sight(reports: Iterable[Report]) -> Iterator[Report]:
    """Yield reports; when no more can be had although the run is not over, say so and end."""
    last: Report | None = None
    try:
        for last in reports:
            yield last
    except (UnauthenticatedError, ServiceUnavailableError) as error:
        if last is None:
            raise
        raise LostSightError(
            f"lost sight of {last.name}, which was {last.status}: {error}; the run goes on",
            hint=f"mlaas4hep watch {last.name}, with a fresh token if that one has ended",
        ) from error


def _status_line(report: Report) -> str:
    """Return the status and how far each stage is, as far as that is known."""
    counts = [
        f"{stage.stage} {stage.done}/{stage.total} {stage.unit}"
        for stage in report.stages
        if stage.total is not None
    ]
    return ", ".join((report.status, *counts))


def conclude(report: Report, as_json: bool) -> None:
    """Tell how a run ended.

    Raises:
        typer.Exit: it did not end well.
    """
    if not as_json:
        for line in figures(report.metrics, report.learned):
            show(line)
    if report.status is Status.DONE:
        if not as_json:
            result = f"the model {report.model} is served" if report.model else "scores are there"
            show(f"{report.name} is done: {result}")
        return
    if report.problem is not None:
        tell_problem(report.problem)
    else:
        show(f"{report.name} is {report.status}")
    raise typer.Exit(1)
