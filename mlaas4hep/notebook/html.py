"""How runs and models look in a notebook: plain HTML, every text escaped."""

from collections.abc import Iterable
from html import escape

import pandas as pd

from mlaas4hep.core.runs.answers import Report, Stage
from mlaas4hep.core.runs.doing import doing
from mlaas4hep.core.runs.figures import figures
from mlaas4hep.core.runs.views import Model
from mlaas4hep.errors import Problem


def run_html(report: Report) -> str:
    """Return a run: its stages as bars, its figures, warnings and what went wrong."""
    title = f", {escape(report.title)}" if report.title else ""
    parts = [f"<b>{escape(report.name)}</b> is {escape(str(report.status))}{title}"]
    notes = doing(report.stages, report.metrics)
    parts.append(_table([], (_bar(stage, notes[stage.stage]) for stage in report.stages)))
    if report.metrics:
        parts += [escape(line) for line in figures(report.metrics, report.learned)]
    parts += [f"<i>{escape(each.text)}</i>" for each in report.waiting]
    if report.problem is not None:
        parts.append(_problem(report.problem))
    parts += [f"<div>⚠ {escape(warning)}</div>" for warning in report.warnings]
    return "".join(f"<div>{part}</div>" for part in parts)


def model_html(model: Model, versions: pd.DataFrame) -> str:
    """Return a model and its versions."""
    about = f", {escape(model.description)}" if model.description else ""
    head = (
        f"<div><b>{escape(model.name)}</b>, version {escape(model.version)} is served{about}</div>"
    )
    return f"{head}{versions.to_html(escape=True)}"


def _bar(stage: Stage, note: str) -> list[str]:
    limit = "" if stage.total is None else f' max="{max(stage.total, 1)}"'
    known = "" if stage.total is None else f' value="{stage.done}"'
    count = f"{stage.done}{'' if stage.total is None else f' / {stage.total}'} {escape(stage.unit)}"
    is_shown = stage.state != "waiting"
    bar = (
        f'<progress aria-label="{escape(stage.stage)}"{limit}{known}></progress>'
        if is_shown
        else ""
    )
    return [escape(stage.stage), bar, count, escape(note or stage.state)]


def _problem(problem: Problem) -> str:
    hint = f"<div><i>{escape(problem.hint)}</i></div>" if problem.hint else ""
    return f'<div role="alert">✗ {escape(problem.message)}</div>{hint}'


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    top = f"<tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>" if head else ""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{top}{body}</table>"
