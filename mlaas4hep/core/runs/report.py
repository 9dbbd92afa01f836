"""A run as people and programs want to see it: how far, how fast, how long still."""

from dataclasses import replace
from typing import Any

from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs.answers import FileCount, Report, Stage, Summary, Waiting
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.core.runs.inputfiles import AwaitedFile
from mlaas4hep.core.runs.progress import Progress
from mlaas4hep.core.runs.run import Run, Status

_FUNCTIONS = {
    "score": ("specs", "chunk-preprocess"),
    "scan": ("specs",),
}  #: who does a stage, if not its namesake


def mark(run: Run) -> str:
    """Return a text that changes whenever the run does."""
    return keys.digest(wire.dump(run).decode())[:16]


def summary(run: Run, now: float) -> Summary:
    """Return one line about a run."""
    return Summary(**_summary_fields(run, now))


def lasting(run: Run, now: float) -> float:
    """Return the seconds from a run's creation to its end, or to now."""
    return (run.updated_at if run.is_final else now) - run.created_at


def report(run: Run, request: Request | ScoringRequest, specs: Specs | None, now: float) -> Report:
    """Return everything about a run; file counts come with its specs."""
    return Report(
        **_summary_fields(run, now),
        entries=run.entries,
        selected_entries=run.selected,
        columns=run.columns,
        lost_chunks=run.lost,
        files=_files(request, specs),
        skipped_files=run.skipped,
        waiting=waiting(run, now),
        stages=stages(run, now),
        isolation=run.isolation,
        warnings=run.warnings,
        version=run.version,
        mark=mark(run),
    )


def waiting(run: Run, now: float) -> tuple[Waiting, ...]:
    """Return the files whose servers are away."""
    return tuple(_waiting(awaited, now) for awaited in run.awaited)


def _waiting(awaited: AwaitedFile, now: float) -> Waiting:
    return Waiting(
        file=awaited.file,
        attempt=awaited.next_try,
        attempts=awaited.most,
        next_at=clock_time(awaited.again_at),
        reason=awaited.reason,
        text=awaited.sentence(now),
    )


def stages(run: Run, now: float) -> tuple[Stage, ...]:
    """Return the stages of a run in their order."""
    if run.task == "scoring":
        return (_stage(run, "score", "ranges", run.ranges, now),)
    if run.task == "scan":
        return (_stage(run, "scan", "trials", run.rounds, now),)
    return (
        _stage(run, "specs", "ranges", run.ranges, now),
        _stage(run, "chunk-preprocess", "chunks", run.chunks, now),
        _paced(_stage(run, "train", "rounds", run.rounds, now), run, now),
    )


def _summary_fields(run: Run, now: float) -> dict[str, Any]:
    return {
        "name": run.name,
        "owner": run.owner,
        "folder": run.folder,
        "title": run.title,
        "task": run.task,
        "framework": run.framework,
        "learned": run.learned,
        "status": run.status,
        "attempt": run.attempt,
        "created_at": clock_time(run.created_at),
        "updated_at": clock_time(run.updated_at),
        "seconds": round(lasting(run, now), 3),
        "model": run.model,
        "metrics": metrics(run),
        "problem": run.problem,
    }


def metrics(run: Run) -> dict[str, float | None]:
    """Return the figures by name; the first of a name is the exact one."""
    return dict(reversed(tuple(dict(reversed(run.metrics)).items())))


def _files(request: Request | ScoringRequest, specs: Specs | None) -> tuple[FileCount, ...]:
    if specs is None:
        return ()
    read = [0] * len(request.files)
    passed = [0] * len(request.files)
    for measured in specs.ranges:
        read[measured.file] += measured.stop - measured.start
        passed[measured.file] += measured.passed
    cuts = {found.file: found.counts for found in specs.cuts if found.entries == read[found.file]}
    return tuple(
        FileCount(file=file.name, entries=read[at], passed=passed[at], cuts=cuts.get(at, ()))
        for at, file in enumerate(request.files)
    )


def _stage(run: Run, name: str, unit: str, progress: Progress, now: float) -> Stage:
    done, total = progress.done, progress.total
    end = progress.ended_at if progress.ended_at is not None else _end(run, now)
    seconds = None if progress.started_at is None else max(end - progress.started_at, 0.0)
    rate = done / seconds if seconds and done else None
    state = _state(run, name, progress)
    left = None if total is None else 0 if state == "done" else max(total - done, 0)
    return Stage(
        stage=name,
        unit=unit,
        state=state,
        done=done,
        failed=int(state == "failed"),
        total=total,
        left=left,
        seconds=None if seconds is None else round(seconds, 3),
        per_second=None if rate is None else round(rate, 3),
        eta_seconds=round(left / rate, 1) if left and rate and state == "running" else None,
    )


def _paced(stage: Stage, run: Run, now: float) -> Stage:
    """Return a training's stage with the pace of its rounds instead of the mean since its start.

    The first round takes longer than the others, and rounds that a checkpoint brought took no time,
    so nothing is promised before there is a pace.
    """
    if stage.state != "running":
        return stage
    rate = run.pace.per_second
    left_s = run.pace.left_s(stage.total, now) if stage.total and stage.left else None
    return replace(
        stage,
        per_second=None if rate is None else round(rate, 3),
        eta_seconds=None if left_s is None else round(left_s, 1),
    )


def _end(run: Run, now: float) -> float:
    return run.updated_at if run.is_final else now


def _state(run: Run, name: str, progress: Progress) -> str:
    if run.status is Status.DONE:  # also a training that stopped early
        return "done"
    if progress.complete and name not in ("train", "score", "scan"):
        return "done"
    if (
        run.status is Status.FAILED
        and run.problem is not None
        and run.problem.stage in _FUNCTIONS.get(name, (name,))
    ):
        return "failed"
    if run.is_final:
        return "cancelled" if run.status is Status.CANCELLED else "stopped"
    return "waiting" if progress.started_at is None else "running"
