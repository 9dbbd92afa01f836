"""The log of a run as a person reads it, put together from what is known about it."""

from collections.abc import Iterator

from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.requests.request import Params, Request
from mlaas4hep.core.runs.answers import Report, Stage
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.core.runs.progress import Progress
from mlaas4hep.core.runs.run import Run

_PRINTED = "  model.py| "  #: before each line of its output, which can look like one of ours
STAGES = ("submit", "specs", "chunk-preprocess", "train")


def compose(
    run: Run,
    request: Request | ScoringRequest,
    report: Report,
    training: str,
    stage: str = "",
) -> str:
    """Return the log.

    Args:
        training: what the training wrote.
        stage: one of `STAGES`, to see only that part; empty: everything.
    """
    if isinstance(request, ScoringRequest):
        return "\n".join([*_scored(run, request, report), *_ending(run)]) + "\n"
    parts = {
        "submit": _submitted(run, request),
        "specs": _measured(run, report),
        "chunk-preprocess": _prepared(run, report),
        "train": _trial_lines(run, report)
        if run.task == "scan"
        else _trained(run, report, training),
    }
    lines = [line for name, part in parts.items() if stage in ("", name) for line in part]
    return "\n".join([*lines, *_ending(run)]) + "\n"


def _scored(run: Run, request: ScoringRequest, report: Report) -> Iterator[str]:
    title = f" ({run.title})" if run.title else ""
    yield f"{clock_time(run.created_at)} run {run.name}{title}: scores by {request.model}"
    yield f"  version {request.version}, as {request.format}"
    for file in request.files:
        yield f"  file {file.name}, tree {file.tree}"
    yield from (f"  {waiting.text}" for waiting in report.waiting)
    if run.ranges.started_at is not None:
        yield f"{clock_time(run.ranges.started_at)} {run.files} files opened, {run.entries} entries"
        yield from _progress(run.ranges, report.stages[0])


def _submitted(run: Run, request: Request) -> Iterator[str]:
    title = f" ({run.title})" if run.title else ""
    again = f", attempt {run.attempt}" if run.attempt > 1 else ""
    yield f"{clock_time(run.created_at)} run {run.name}{title} submitted from {run.folder}{again}"
    yield f"  tarball {request.upload[:16]}, model.py {request.model_sha256[:16]}"
    yield f"  parameters: {_params(request.params)}"
    for file in request.files:
        yield f"  file {file.name}, tree {file.tree}"


def _params(params: Params) -> str:
    fields = ("nevts", "chunk_size", "epochs", "batch_size", "shuffle", "split", "training", "seed")
    return ", ".join(f"{name} {getattr(params, name)}" for name in fields)


def _measured(run: Run, report: Report) -> Iterator[str]:
    yield from (f"  {waiting.text}" for waiting in report.waiting)
    if run.ranges.started_at is None:
        return
    yield f"{clock_time(run.ranges.started_at)} {run.files} files opened, {run.entries} entries"
    yield from (f"  {skipped.sentence()}" for skipped in run.skipped)
    for warning in run.warnings:
        yield f"  warning: {warning}"
    yield from _progress(run.ranges, report.stages[0])
    for file in report.files:
        yield f"  {file.file}: {file.passed} of {file.entries} entries pass"


def _prepared(run: Run, report: Report) -> Iterator[str]:
    if run.chunks.started_at is None:
        return
    begin = clock_time(run.chunks.started_at)
    yield f"{begin} {run.selected} entries of {run.columns} columns go into {run.chunks.total} chunks"
    yield from _progress(run.chunks, report.stages[1])
    if run.lost:
        yield f"  {run.lost} chunks were damaged or gone, and were made again"


def _trained(run: Run, report: Report, training: str) -> Iterator[str]:
    printed = [f"{_PRINTED}{line}" for line in training.removesuffix("\n").split("\n") if training]
    if run.rounds.started_at is None:
        yield from printed
        return
    confined = ", ".join(run.isolation) or "nothing"
    yield f"{clock_time(run.rounds.started_at)} training begins; model.py is confined by {confined}"
    if run.resumed:
        yield f"  it went on from a checkpoint with {run.resumed} rounds done"
    yield from printed
    yield from _progress(run.rounds, report.stages[2])


def _trial_lines(run: Run, report: Report) -> Iterator[str]:
    """Yield how far a scan is; each trial is a run with a log of its own."""
    if run.rounds.started_at is not None:
        yield from _progress(run.rounds, report.stages[0])


def _progress(progress: Progress, stage: Stage) -> Iterator[str]:
    speed = f", {stage.per_second:g} a second" if stage.per_second else ""
    when = f"{clock_time(progress.ended_at)} " if progress.ended_at is not None else "  "
    yield f"{when}{stage.stage}: {stage.done} of {stage.total} {stage.unit} done{speed}"


def _ending(run: Run) -> Iterator[str]:
    if not run.is_final:
        yield f"{clock_time(run.updated_at)} {run.status}"
        return
    yield f"{clock_time(run.updated_at)} run {run.name} is {run.status}"
    for name, value in run.metrics:
        yield f"  {name} {value:g}"
    if run.model:
        yield f"  model {run.model}{f', version {run.version}' if run.version else ''}"
    if run.problem is not None:
        yield from _problem(run)


def _problem(run: Run) -> Iterator[str]:
    problem = run.problem
    assert problem is not None  # noqa: S101 - the caller looked
    where = {"stage": problem.stage, "file": problem.file, "branch": problem.branch}
    places = "".join(f", {name} {value}" for name, value in where.items() if value)
    message = problem.message.replace("\n", f"\n{_PRINTED}")
    yield f"  error: {message} ({problem.code}{places})"
    if problem.hint:
        hint = problem.hint.replace("\n", f"\n{_PRINTED}")
        yield f"  hint: {hint}"
