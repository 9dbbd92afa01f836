"""Scans as people ask for them: submitted, looked at, and a model promoted by hand."""

from dataclasses import replace

from mlaas4hep.core import sealed
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.scan import ARGUMENTS, Scan
from mlaas4hep.core.requests.tarballs import modelcode
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import RunCancelled, ScanContinued
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.scans import ScanReport, scan_report
from mlaas4hep.errors import ConflictError, NotFoundError
from mlaas4hep.pipeline.promotion import promoted_before
from mlaas4hep.pipeline.records import new_run, next_name, store_run
from mlaas4hep.pipeline.scans import load_scan, looked_at, trial_request
from mlaas4hep.ports import Services
from mlaas4hep.usecases import quotas
from mlaas4hep.usecases.runs import announce, find
from mlaas4hep.usecases.submit import CheckedSubmission, at_submit, contents, kept_if_whole


def submit_scan(prepared: CheckedSubmission, scan: Scan, services: Services, limits: Limits) -> Run:
    """Store a scan, and let its first turn begin.

    Raises:
        ConflictError: the best cannot be promoted to its name, which another model has.
        InvalidRequestError: a value cannot be one of params.json, or nobody proposes trials here.
        QuotaError: the owner has no room for so many runs or models.
    """
    owner, folder = prepared.request.owner, prepared.request.folder
    with at_submit():
        _check_points(scan, prepared, services)
    models = scan.trials + _promoted_anew(owner, scan.promote, services)
    quotas.check_trainings(owner, services, limits, runs=1 + scan.parallel, models=models)
    name, number = next_name(owner, folder, services)
    request = replace(prepared.request, run=name)
    run = new_run(request, number, services.clock(), is_scan=True)
    stored = contents(request, prepared) | {files.SCAN: sealed.dump(scan)}
    with kept_if_whole(run, services):
        store_run(run, stored, services)
        quotas.check_trainings(owner, services, limits, runs=scan.parallel, models=models)
        announce([ScanContinued(owner=owner, run=name)], services)
    return run


def _check_points(scan: Scan, prepared: CheckedSubmission, services: Services) -> None:
    """Refuse values that params.json may not have, and arguments that model.py does not take."""
    if scan.method == "optuna":
        services.proposer.check()
    for value in _each_value(scan):
        trial_request(prepared.request, value)
    arguments = (one.name for one in scan.space if one.name.startswith(ARGUMENTS))
    names = [name.removeprefix(ARGUMENTS) for name in arguments]
    modelcode.check_arguments(prepared.model, prepared.submission.model, names)


def _promoted_anew(owner: str, name: str, services: Services) -> int:
    """Return how many models a promotion to `name` adds, which may be empty: 0 or 1."""
    return int(bool(name) and promoted_before(owner, name, services) is None)


def _each_value(scan: Scan) -> list[tuple[tuple[str, bool | int | float | str], ...]]:
    """Return every value that may be tried, one at a time; the ends of ranges."""
    return [
        ((one.name, value),)
        for one in scan.space
        for value in (one.choices or _ends(one.low, one.high, whole=one.whole))
    ]


def _ends(low: float, high: float, *, whole: bool) -> tuple[float, float]:
    return (int(low), int(high)) if whole else (low, high)


def look(run: Run, services: Services) -> ScanReport:
    """Return the table of a scan.

    Raises:
        NotFoundError: the run is none.
    """
    if run.task != "scan":
        raise NotFoundError(f"run {run.name!r} is no scan", hint="GET /runs/NAME")
    scan, trials = load_scan(run.owner, run.name, services)
    return scan_report(run, scan, looked_at(run.owner, scan, trials, services))


def cancel_trials(run: Run, services: Services) -> None:
    """Stop the trials of a scan that is cancelled."""
    _, trials = load_scan(run.owner, run.name, services)
    for trial in trials.running:
        try:
            started = find(run.owner, trial.run, services)
        except (NotFoundError, ConflictError):
            continue
        if not started.is_final:
            announce(
                [RunCancelled(owner=run.owner, run=trial.run, attempt=started.attempt)], services
            )
