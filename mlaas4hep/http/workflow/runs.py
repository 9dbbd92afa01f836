"""Runs over HTTP: listed, shown, stopped, repeated, deleted."""

import flask

from mlaas4hep.core.runs.answers import Report, Summary
from mlaas4hep.core.runs.log import STAGES, compose
from mlaas4hep.core.runs.report import report, summary
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.core.runs.views import Deleted, RunPage
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import FLAG, FOLDER, NAME, TEXT, whole
from mlaas4hep.http.workflow.call import Ask, Door, Handler, answer, attachment
from mlaas4hep.usecases import runs

_SORTS = ("created_at", "updated_at", "name", "status", "seconds")
_PAGE, _MAX_PAGE = 50, 500
_MAX_OFFSET = 10**8


def find_run(door: Door, ask: Ask) -> Run:
    """Return the run that path, query or body name."""
    return runs.find(ask.person.owner, ask.arg("name", "process_name"), door.services)


def full_report(run: Run, door: Door) -> Report:
    """Return everything about a run."""
    stored = runs.details(run, door.services)
    return report(run, stored.request, stored.specs, door.services.clock())


def list_runs(door: Door, ask: Ask) -> flask.Response:
    """Return runs: filtered by status, folder and text, sorted, one page of them."""
    now = door.services.clock()
    found = [summary(run, now) for run in door.services.runs.list(_whose(ask))]
    wanted = [one for one in found if _matches(one, ask)]
    sort = ask.args.get("sort", "-created_at")
    if sort.removeprefix("-") not in _SORTS:
        raise InvalidRequestError(
            f"runs cannot be sorted by {sort!r}",
            hint=f"one of {', '.join(_SORTS)}; a - before it turns the order round",
        )
    wanted.sort(key=lambda one: getattr(one, sort.removeprefix("-")), reverse=sort[0] == "-")
    offset = ask.whole("offset", 0, _MAX_OFFSET)
    limit = ask.whole("limit", _PAGE, _MAX_PAGE)
    page = wanted[offset : offset + limit]
    return answer(RunPage(runs=tuple(page), total=len(wanted), offset=offset, limit=limit))


def _whose(ask: Ask) -> str | None:
    return None if ask.person.is_admin and ask.flag("all") else ask.person.owner


def _matches(one: Summary, ask: Ask) -> bool:
    statuses = [status for status in ask.args.get("status", "").split(",") if status]
    unknown = [status for status in statuses if status not in set(Status)]
    if unknown:
        raise InvalidRequestError(
            f"there is no status {unknown[0]!r}", hint=f"one of {', '.join(Status)}"
        )
    folder, text = ask.args.get("folder", ""), ask.args.get("q", "").lower()
    return (
        (not statuses or one.status in statuses)
        and (not folder or one.folder == folder)
        and (not text or text in f"{one.name} {one.title}".lower())
    )


def logs(door: Door, ask: Ask) -> flask.Response:
    """Return the log of a run as a file."""
    run = find_run(door, ask)
    stage = ask.args.get("stage", "")
    if stage not in ("", *STAGES):
        raise InvalidRequestError(f"there is no stage {stage!r}", hint=f"one of {STAGES}")
    training = runs.training_log(run, door.services) if stage in ("", "train") else ""
    log = compose(run, runs.request_of(run, door.services), full_report(run, door), training, stage)
    return attachment(log, f"{run.name}.txt", "text/plain; charset=utf-8")


def cancel_run(door: Door, ask: Ask) -> flask.Response:
    """Stop a run."""
    run = find_run(door, ask)
    return _announced(door, run, runs.announce(runs.cancel(run), door.services))


def restart_run(door: Door, ask: Ask) -> flask.Response:
    """Try a failed or cancelled run again; what is stored is not made again."""
    run = find_run(door, ask)
    return _announced(door, run, runs.announce(runs.restart(run), door.services))


def delete_run(door: Door, ask: Ask) -> flask.Response:
    """Forget a run that is over; its model stays."""
    run = find_run(door, ask)
    runs.delete(run, door.services)
    return answer(Deleted(deleted=run.name))


def _announced(door: Door, before: Run, after: Run | None) -> flask.Response:
    return answer(full_report(after or before, door))


RUN = Arg(
    name="name",
    about="Name of the run.",
    schema=NAME,
    required=True,
    aliases=("process_name", "run"),
)
STAGE = Arg(name="stage", about="Only this part.", schema={"enum": list(STAGES)})


def _on_run(name: str, action: str, handler: Handler) -> Route:
    return Route(
        name=name,
        method="POST",
        path=f"/runs/{{name}}/{action}",
        handler=handler,
        tag="runs",
        actions=(action,),
        args=(RUN,),
        gives=Report,
        errors=(404, 409),
    )


ROUTES = (
    Route(
        name="list_runs",
        method="GET",
        path="/runs",
        handler=list_runs,
        tag="runs",
        actions=("runs",),
        args=(
            Arg(
                name="status",
                about="One or several, with commas.",
                schema={"enum": [status.value for status in Status]},
            ),
            Arg(name="folder", about="Only those of one upload.", schema=FOLDER),
            Arg(name="q", about="Only those with this in name or title."),
            Arg(
                name="sort",
                about="A - before it turns the order round.",
                schema={"enum": [*_SORTS, *(f"-{sort}" for sort in _SORTS)]},
            ),
            Arg(name="offset", about="How many to skip.", schema=whole(_MAX_OFFSET, 0)),
            Arg(name="limit", about="How many to return.", schema=whole(_MAX_PAGE, _PAGE)),
            Arg(name="all", about="Of everybody, for admins.", schema=FLAG),
        ),
        gives=RunPage,
    ),
    Route(
        name="delete_run",
        method="DELETE",
        path="/runs/{name}",
        handler=delete_run,
        tag="runs",
        actions=("delete",),
        args=(RUN,),
        gives=Deleted,
        errors=(404, 409),
    ),
    Route(
        name="run_logs",
        method="GET",
        path="/runs/{name}/logs",
        handler=logs,
        tag="runs",
        args=(RUN, STAGE),
        gives=TEXT,
        media="text/plain",
        errors=(404,),
    ),
    _on_run("cancel_run", "cancel", cancel_run),
    _on_run("restart_run", "restart", restart_run),
)
