"""Runs over HTTP: listed, shown, stopped, repeated, deleted."""

from collections.abc import Callable
from typing import Any

import flask

from mlaas4hep.core import keys
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.log import STAGES, compose
from mlaas4hep.core.runs.report import lasting, report, summary
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.core.runs.views import Deleted, RunPage
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import FLAG, FOLDER, NAME, TEXT, whole
from mlaas4hep.http.workflow.call import Call, Handler, answer, attachment
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.usecases import runs, scans

_SORTS: dict[str, Callable[[Run, float], Any]] = {  #: of a run, and of what time it is
    "created_at": lambda run, _now: run.created_at,
    "updated_at": lambda run, _now: run.updated_at,
    "name": lambda run, _now: run.name,
    "status": lambda run, _now: run.status,
    "seconds": lasting,
}
_PAGE, _MAX_PAGE = 50, 500
_MAX_OFFSET = 10**8


def find_run(context: Context, call: Call) -> Run:
    """Return the run that path, query or body name.

    Raises:
        ForbiddenError: it is somebody else's, and the person is no administrator.
        InvalidRequestError: nobody can be called like that owner.
    """
    owner = keys.checked_name(call.args.get("owner") or call.person.owner, "owner")
    if owner != call.person.owner and not call.person.is_admin:
        raise ForbiddenError("others' runs are shown to admins only")
    return runs.find(owner, call.arg("name", "process_name"), context.services)


def full_report(run: Run, context: Context) -> Report:
    """Return everything about a run."""
    stored = runs.details(run, context.services)
    return report(run, stored.request, stored.specs, context.services.clock())


def list_runs(context: Context, call: Call) -> flask.Response:
    """Return runs: filtered by status, folder and text, sorted, one page of them."""
    now = context.services.clock()
    whose, is_wanted = _whose(call), _filter(call)
    wanted = [run for run in context.services.runs.list(whose) if is_wanted(run)]
    sort = call.args.get("sort", "-created_at")
    if sort.removeprefix("-") not in _SORTS:
        raise InvalidRequestError(
            f"runs cannot be sorted by {sort!r}",
            hint=f"one of {', '.join(_SORTS)}; a - before it turns the order round",
        )
    by = _SORTS[sort.removeprefix("-")]
    wanted.sort(key=lambda run: by(run, now), reverse=sort[0] == "-")
    offset = call.whole("offset", 0, _MAX_OFFSET)
    limit = call.whole("limit", _PAGE, _MAX_PAGE)
    page = tuple(summary(run, now) for run in wanted[offset : offset + limit])
    return answer(RunPage(runs=page, total=len(wanted), offset=offset, limit=limit))


def _whose(call: Call) -> str | None:
    """Return the owner of the runs that are listed, None for everybody's.

    Raises:
        ForbiddenError: everybody's are asked for by somebody who is no admin.
    """
    if not call.flag("all"):
        return call.person.owner
    if not call.person.is_admin:
        raise ForbiddenError(
            "everybody's runs are for admins", hint="the group MLAAS_ADMIN_GROUP has them"
        )
    return None


def _filter(call: Call) -> Callable[[Run], bool]:
    """Return what tells whether a run is of the status, folder and text that are asked for."""
    statuses = {status for status in call.args.get("status", "").split(",") if status}
    if unknown := sorted(statuses - set(Status)):
        raise InvalidRequestError(
            f"there is no status {unknown[0]!r}", hint=f"one of {', '.join(Status)}"
        )
    folder, text = call.args.get("folder", ""), call.args.get("q", "").lower()
    return lambda run: (
        (not statuses or run.status in statuses)
        and (not folder or run.folder == folder)
        and (not text or text in f"{run.name} {run.title}".lower())
    )


def logs(context: Context, call: Call) -> flask.Response:
    """Return the log of a run as a file."""
    run = find_run(context, call)
    stage = call.args.get("stage", "")
    if stage not in ("", *STAGES):
        raise InvalidRequestError(
            f"there is no stage {stage!r}", hint=f"one of {', '.join(STAGES)}"
        )
    training = runs.training_log(run, context.services) if stage in ("", "train") else ""
    log = compose(
        run, runs.request_of(run, context.services), full_report(run, context), training, stage
    )
    return attachment(log, f"{run.name}.txt", "text/plain; charset=utf-8")


def cancel_run(context: Context, call: Call) -> flask.Response:
    """Stop a run."""
    run = find_run(context, call)
    stopped = runs.announce(runs.cancel(run), context.services)
    if run.task == "scan":
        scans.cancel_trials(run, context.services)
    return _announced(context, run, stopped)


def restart_run(context: Context, call: Call) -> flask.Response:
    """Try a failed or cancelled run again; what is stored is not made again."""
    run = find_run(context, call)
    return _announced(context, run, runs.announce(runs.restart(run), context.services))


def delete_run(context: Context, call: Call) -> flask.Response:
    """Forget a run that is over; its model stays."""
    run = find_run(context, call)
    runs.delete(run, context.services)
    return answer(Deleted(deleted=run.name))


def _announced(context: Context, before: Run, after: Run | None) -> flask.Response:
    return answer(full_report(after or before, context))


RUN = Arg(
    name="name",
    about="Name of the run.",
    schema=NAME,
    required=True,
    aliases=("process_name", "run"),
)
OWNER = Arg(name="owner", about="Whose run it is, for admins.", schema=NAME)
SEEN = (RUN, OWNER)  #: arguments of what administrators may look at
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
        errors=(403,),
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
        args=(*SEEN, STAGE),
        gives=TEXT,
        media="text/plain",
        errors=(403, 404),
    ),
    _on_run("cancel_run", "cancel", cancel_run),
    _on_run("restart_run", "restart", restart_run),
)
