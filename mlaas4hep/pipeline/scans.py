"""Scans: trials are ordinary runs, submitted as others end; the best is promoted to a name.

A scan goes on in turns. Each looks at the trials, submits what may run, waits a little for news,
and tells the next turn, so that it holds no function for long and goes on after any crash.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile

from mlaas4hep.core import sealed
from mlaas4hep.core.requests.parse import parse_params
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.requests.scan import ARGUMENTS, Scan, Values
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import (
    Event,
    RunCancelled,
    RunRestarted,
    RunSubmitted,
    ScanContinued,
    ScanEnded,
    TrialEnded,
)
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.core.runs.scans import Trial, Trials
from mlaas4hep.errors import InvalidRequestError, NotFoundError, PermanentError
from mlaas4hep.pipeline.promotion import promote
from mlaas4hep.pipeline.records import new_run, next_name, store_record, store_run
from mlaas4hep.ports import Services

_SHARED = (files.MODEL, files.BESIDE, files.SUBMISSION, files.UPLOAD)  #: with the scan's own run


def take_turn(event: ScanContinued, services: Services) -> Iterator[Event]:
    """Go on with a scan, as far as it goes now.

    Raises:
        PermanentError: no trial was successful.
        ServiceUnavailableError: another delivery of it is at work.
    """
    with services.leases.hold(f"scan/{event.owner}/{event.run}"):
        scan, trials = load_scan(event.owner, event.run, services)
        before = trials
        trials = _finish_submission(trials, event, services)
        trials = _prune(scan, looked_at(event.owner, scan, trials, services), services, event)
        trials = _submit_more(scan, trials.in_attempt(event.attempt), event, services)
        if trials != before:
            _store(event, trials, services)
        for trial in _newly_ended(trials, event, services):
            yield _ended(event, trial, scan)
        if len(trials.trials) == scan.trials and not trials.running:
            yield _finished(event, scan, trials, services)
            return
        if trials == before and trials.running:
            _wait(trials.running[0], event, services)
    yield ScanContinued(
        owner=event.owner, run=event.run, attempt=event.attempt, turn=event.turn + 1
    )


def load_scan(owner: str, run: str, services: Services) -> tuple[Scan, Trials]:
    """Return what a scan is to try, and how its trials stand."""
    scan = sealed.load(Scan, services.runs_files.get(files.key(owner, run, files.SCAN)))
    try:
        return scan, sealed.load(
            Trials, services.runs_files.get(files.key(owner, run, files.TRIALS))
        )
    except NotFoundError:
        return scan, Trials()


def trial_request(base: Request, values: Values) -> Request:
    """Return the request of a trial.

    Raises:
        InvalidRequestError: a value is none that params.json may have.
    """
    given = {name: value for name, value in values if not name.startswith(ARGUMENTS)}
    parsed = parse_params(json.dumps(given), lambda _name: None)
    arguments = dict(base.params.arguments) | {
        name.removeprefix(ARGUMENTS): value for name, value in values if name.startswith(ARGUMENTS)
    }
    changed = {name: getattr(parsed, name) for name in given}
    params = replace(base.params, **changed, arguments=tuple(arguments.items()))
    title = ", ".join(f"{name.removeprefix(ARGUMENTS)}={value}" for name, value in values)
    return replace(base, params=params, title=title[:256])


def looked_at(owner: str, scan: Scan, trials: Trials, services: Services) -> Trials:
    """Return the trials as their runs stand now."""

    def look(trial: Trial) -> Trial:
        run = _run(owner, trial.run, services)
        return trial.after(run, scan.figure, _rounds(owner, trial, scan.figure, services))

    looked = tuple(look(one) if one.status == "running" else one for one in trials.trials)
    return replace(trials, trials=looked)


def _run(owner: str, name: str, services: Services) -> Run | None:
    """Return a run; None: it was deleted."""
    with suppress(NotFoundError):
        return services.runs.get(owner, name)
    return None


def _rounds(owner: str, trial: Trial, figure: str, services: Services) -> tuple[float, ...]:
    """Return the figure after each round so far; turns are too rare to see every round end."""
    key = files.key(owner, trial.run, files.HISTORY)
    try:
        rounds = json.loads(services.runs_files.get(key))
    except NotFoundError:
        return ()
    return tuple(takewhile(lambda value: value is not None, (each.get(figure) for each in rounds)))


def _prune(scan: Scan, trials: Trials, services: Services, event: Event) -> Trials:
    """Stop trials that are not worth going on."""
    if not scan.prune:
        return trials
    hopeless = services.proposer.pruned(scan, trials)
    kept = []
    for trial in trials.trials:
        if trial.number in hopeless:
            _cancel(trial, event, services)
            trial = replace(trial, status="pruned")  # noqa: PLW2901 - the same trial
        kept.append(trial)
    return replace(trials, trials=tuple(kept))


def _cancel(trial: Trial, event: Event, services: Services) -> None:
    run = _run(event.owner, trial.run, services)
    if run is not None and not run.is_final:
        cancelled = RunCancelled(owner=event.owner, run=trial.run, attempt=run.attempt)
        after = services.runs.apply([cancelled])
        if after is not None:
            store_record(after, services)


def _finish_submission(trials: Trials, event: Event, services: Services) -> Trials:
    """Submit the trial at whose submission the turn before ended, if there is one."""
    begun = next((one for one in trials.trials if one.number == trials.starting), None)
    return trials if begun is None else trials.having(_submit(begun, event, services))


def _submit_more(scan: Scan, trials: Trials, event: Event, services: Services) -> Trials:
    """Submit trials while there is room; the first reads the data, and the others find it read."""
    while len(trials.running) < scan.parallel:
        if trials.trials and not _data_is_ready(trials, event, services):
            return trials
        trial = _next(scan, trials, event, services)
        if trial is None:
            return trials
        trials = trials.starting_with(trial)
        _store(event, trials, services)  # before its run: a turn that ends here is gone on with
        trial = _submit(trial, event, services)
        trials = trials.having(trial)
        _store(event, trials, services)
        if _is_over(event, services):  # whoever ended the scan may not have seen this trial
            _cancel(trial, event, services)
            break
    return trials


def _next(scan: Scan, trials: Trials, event: Event, services: Services) -> Trial | None:
    """Return the trial to submit next: one of an attempt before, or a new one; None: there is none."""
    if trials.again:
        before = next(one for one in trials.trials if one.number == trials.again[0])
        is_there = _run(event.owner, before.run, services) is not None
        run = before.run if is_there else _new_name(event, services)
        return Trial(number=before.number, run=run, values=before.values)
    number = len(trials.trials)
    if number == scan.trials:
        return None
    if scan.method == "optuna":
        values = services.proposer.propose(scan, trials)
    else:
        values = scan.proposal(number)
    return Trial(number=number, run=_new_name(event, services), values=values)


def _new_name(event: Event, services: Services) -> str:
    folder = services.runs.get(event.owner, event.run).folder
    return next_name(event.owner, folder, services)[0]


def _is_over(event: Event, services: Services) -> bool:
    run = _run(event.owner, event.run, services)
    return run is None or run.is_final


def _data_is_ready(trials: Trials, event: Event, services: Services) -> bool:
    if any(trial.status == "done" for trial in trials.trials) or not trials.running:
        return True
    runs = (_run(event.owner, trial.run, services) for trial in trials.running)
    return any(run is None or run.chunks.complete for run in runs)


def _submit(trial: Trial, event: Event, services: Services) -> Trial:
    """Store the run of a trial, or begin it again, and tell that it is there."""
    run = _run(event.owner, trial.run, services)
    news: list[Event] = []
    if run is None:
        try:
            run = _store_trial_run(trial, event, services)
        except InvalidRequestError as error:
            return replace(trial, status="failed", problem=error.problem.message)
    elif run.status in (Status.FAILED, Status.CANCELLED):
        news = [RunRestarted(owner=event.owner, run=trial.run, attempt=run.attempt + 1)]
        run = services.runs.apply(news) or run
        store_record(run, services)
    news.append(RunSubmitted(owner=event.owner, run=trial.run, attempt=run.attempt))
    services.bus.publish(news)
    return trial


def _store_trial_run(trial: Trial, event: Event, services: Services) -> Run:
    """Return the run of a trial, which is stored with all it needs.

    Raises:
        InvalidRequestError: a value is none that params.json may have.
    """
    body = services.runs_files.get(files.key(event.owner, event.run, files.REQUEST))
    base = sealed.load(Request, body)
    request = replace(trial_request(base, trial.values), run=trial.run)
    contents = {files.REQUEST: sealed.dump(request)}
    for shared in _SHARED:
        key = files.key(event.owner, event.run, shared)
        if services.runs_files.info(key):
            contents[shared] = services.runs_files.get(key)
    run = new_run(request, int(trial.run.rpartition("_")[2]), services.clock())
    store_run(run, contents, services)
    return run


def _newly_ended(trials: Trials, event: Event, services: Services) -> list[Trial]:
    """Return the trials that are over and of which the scan's run does not know it yet.

    To tell all of them in every turn would be a read of the run for each trial and turn.
    """
    run = _run(event.owner, event.run, services)
    return [
        trial
        for trial in trials.trials
        if trial.status != "running"
        and trial.number not in trials.again
        and not (run is not None and run.rounds.has(trial.number))
    ]


def _ended(event: Event, trial: Trial, scan: Scan) -> TrialEnded:
    metrics = () if trial.figure is None else ((scan.figure, trial.figure),)
    return TrialEnded(
        owner=event.owner,
        run=event.run,
        attempt=event.attempt,
        index=trial.number,
        trials=scan.trials,
        metrics=metrics,
    )


def _finished(event: Event, scan: Scan, trials: Trials, services: Services) -> ScanEnded:
    best = trials.best(scan)
    if best is None:
        problems = [trial.problem for trial in trials.trials if trial.problem]
        raise PermanentError(
            f"none of {len(trials.trials)} trials was successful",
            hint=f"the first one says: {problems[0]}" if problems else "",
        )
    if scan.promote:
        promote(event.owner, best.run, scan.promote, services)
    return ScanEnded(
        owner=event.owner,
        run=event.run,
        attempt=event.attempt,
        model=scan.promote or best.run,
        metrics=((scan.figure, best.figure or 0.0),),
    )


def _wait(trial: Trial, event: Event, services: Services) -> None:
    """Wait until a trial goes on, for a short time."""
    with suppress(NotFoundError):  # it is deleted, which the next turn sees
        before = services.runs.get(event.owner, trial.run).updated_at
        services.runs.wait(
            event.owner,
            trial.run,
            lambda run: run.is_final or run.updated_at != before,
            services.scan_wait_s,
        )


def _store(event: Event, trials: Trials, services: Services) -> None:
    key = files.key(event.owner, event.run, files.TRIALS)
    services.runs_files.put(key, sealed.dump(trials))
