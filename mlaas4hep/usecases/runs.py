"""What people do with their runs: see, stop, repeat and delete them."""

from contextlib import suppress
from dataclasses import dataclass
from functools import reduce

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import (
    Event,
    RunCancelled,
    RunRestarted,
    RunSubmitted,
    ScanContinued,
    ScoringSubmitted,
)
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import ConflictError, DamagedError, NotFoundError
from mlaas4hep.pipeline.records import store_record
from mlaas4hep.ports import Services
from mlaas4hep.usecases.deletion import delete_below

MAX_LOG_BYTES = 4 * 1024**2  #: of the training's output that a log shows


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run and what is stored about it."""

    run: Run
    request: Request | ScoringRequest
    specs: Specs | None  #: once they are measured, and while they are kept


def find(owner: str, name: str, services: Services) -> Run:
    """Return a run of this owner.

    Raises:
        NotFoundError: there is none of that name; hints at those there are.
    """
    keys.checked_name(name, "name of the run")
    try:
        return services.runs.get(owner, name)
    except NotFoundError as error:
        names = [run.name for run in services.runs.list(owner)]
        raise NotFoundError(f"you have no run named {name!r}", hint=nearest(name, names)) from error


def details(run: Run, services: Services) -> StoredRun:
    """Return the run with its request and its specs."""
    specs = None
    if run.specs:
        with suppress(NotFoundError, DamagedError):  # the report does without
            specs = sealed.load(Specs, services.specs.get(run.specs), run.specs)
    return StoredRun(run=run, request=request_of(run, services), specs=specs)


def request_of(run: Run, services: Services) -> Request | ScoringRequest:
    """Return what a person asked for with a run."""
    if run.task == "scoring":
        body = services.runs_files.get(files.key(run.owner, run.name, files.SCORING))
        return sealed.load(ScoringRequest, body)
    return sealed.load(
        Request, services.runs_files.get(files.key(run.owner, run.name, files.REQUEST))
    )


def training_log(run: Run, services: Services) -> str:
    """Return the end of what the training wrote; empty when it has not begun."""
    try:
        data = services.runs_files.get(files.key(run.owner, run.name, files.LOG))
    except NotFoundError:
        return ""
    text = data[-MAX_LOG_BYTES:].decode("utf-8", "replace")
    cut = len(data) - MAX_LOG_BYTES
    return f"[{cut} earlier bytes are left out]\n{text}" if cut > 0 else text


def cancel(run: Run) -> list[Event]:
    """Return the news that stop a run; stopping it twice is fine.

    Raises:
        ConflictError: it is done or failed already.
    """
    if run.status is Status.CANCELLED:
        return []
    if run.is_final:
        raise ConflictError(f"run {run.name!r} is {run.status} already")
    return [RunCancelled(owner=run.owner, run=run.name, attempt=run.attempt)]


def restart(run: Run) -> list[Event]:
    """Return the news that begin another attempt; stored specs and chunks are used again.

    Raises:
        ConflictError: it is still going on, or it is done.
    """
    if run.status not in (Status.FAILED, Status.CANCELLED):
        hint = "submit it again" if run.status is Status.DONE else "cancel it first"
        raise ConflictError(f"run {run.name!r} is {run.status}", hint=hint)
    again = run.attempt + 1
    kinds = {"scoring": ScoringSubmitted, "scan": ScanContinued, "training": RunSubmitted}
    submitted = kinds[run.task]
    return [
        RunRestarted(owner=run.owner, run=run.name, attempt=again),
        submitted(owner=run.owner, run=run.name, attempt=again),
    ]


def delete(run: Run, services: Services) -> None:
    """Forget a run and its files; its model stays.

    Raises:
        ConflictError: it is not over.
    """
    if not run.is_final:
        raise ConflictError(f"run {run.name!r} is {run.status}", hint="cancel it first")
    forget(run, services)


def forget(run: Run, services: Services) -> None:
    """Remove a run and its files; first the stored record, from which it would be rebuilt."""
    services.runs_files.delete(files.key(run.owner, run.name, files.RUN))
    services.runs.delete(run.owner, run.name)
    delete_below(services.runs_files, keys.run(run.owner, run.name))


def delete_folder(owner: str, folder: str, services: Services) -> None:
    """Forget an upload and the runs that came from it; models and the numbering stay.

    Raises:
        ConflictError: one of these runs is not over.
    """
    of_folder = [run for run in services.runs.list(owner) if run.folder == folder]
    _refuse_unfinished(of_folder, f"upload {folder!r} is in use")
    services.tarballs.delete(keys.upload(owner, folder))
    delete_below(services.tarballs, f"{owner}/{folder}/")
    for run in of_folder:
        delete(run, services)


def delete_cache(owner: str, services: Services) -> int:
    """Delete all measured specs and prepared chunks of an owner; return how many objects.

    They are named by their content and shared between runs, so nothing can be stale; the next
    run just reads its files again.

    Raises:
        ConflictError: one of the owner's runs may need them.
    """
    _refuse_unfinished(services.runs.list(owner), "specs and chunks are in use")
    return sum(delete_below(store, f"{owner}/") for store in (services.specs, services.chunks))


def _refuse_unfinished(runs: list[Run], what: str) -> None:
    unfinished = [run.name for run in runs if not run.is_final]
    if unfinished:
        raise ConflictError(
            f"{what} by {', '.join(unfinished[:5])}", hint="wait for the end or cancel first"
        )


def announce(news: list[Event], services: Services) -> Run | None:
    """Write news into their run, then tell the functions; return the run afterwards.

    The store comes first: if this process dies in between and the run book is lost, too, the run
    is rebuilt as it was wanted.
    """
    if not news:
        return None
    try:
        before = services.runs.get(news[0].owner, news[0].run)
    except NotFoundError:
        return None
    wanted = reduce(lambda run, event: run.apply(event, run.updated_at), news, before)
    store_record(wanted, services)
    run = services.runs.apply(news)
    if run is not None:
        store_record(run, services)
        services.bus.publish(news)
    return run
