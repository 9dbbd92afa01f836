"""Runs over HTTP: listed, shown, watched, stopped, repeated, compared, deleted."""

import flask

from mlaas4hep.core.runs.answers import Summary
from mlaas4hep.core.runs.report import mark, summary
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.core.runs.views import Deleted, RunPage
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.workflow import comparing, submitting, watching
from mlaas4hep.http.workflow.ancestor import logs
from mlaas4hep.http.workflow.call import Ask, Door, Route, answer
from mlaas4hep.http.workflow.shown import find_run, full_report
from mlaas4hep.usecases import runs

_SORTS = ("created_at", "updated_at", "name", "status", "seconds")
_PAGE, _MAX_PAGE = 50, 500
_MAX_OFFSET = 10**8


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


def create_run(door: Door, ask: Ask) -> flask.Response:
    """Make a run of a submission."""
    if ask.flag("dry_run"):
        return answer(submitting.rehearse(door, ask))
    run = submitting.submit(door, ask)
    return answer(full_report(run, door), 201)


def show_run(door: Door, ask: Ask) -> flask.Response:
    """Return everything about a run; with `wait=SECONDS`, when it has changed since `seen`."""
    run = find_run(door, ask)
    wait_s = ask.whole("wait", 0, 60)
    seen = ask.args.get("seen", "")
    if wait_s and seen:
        run = watching.after(door, run, seen, float(wait_s))
    response = answer(full_report(run, door))
    response.headers["ETag"] = f'"{mark(run)}"'
    return response


def watch_run(door: Door, ask: Ask) -> flask.Response:
    """Stream the run as server-sent events, one for each change, until it is over."""
    run = find_run(door, ask)
    return watching.stream(door, run, lambda changed: full_report(changed, door))


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


def show_manifest(door: Door, ask: Ask) -> flask.Response:
    """Return all that a run was made of; `POST /runs` takes it back."""
    return answer(comparing.manifest(find_run(door, ask), door.services))


def compare_runs(door: Door, ask: Ask) -> flask.Response:
    """Return what differs between two runs."""
    other = runs.find(ask.person.owner, ask.arg("other"), door.services)
    return answer(comparing.difference(find_run(door, ask), other, door.services))


def _announced(door: Door, before: Run, after: Run | None) -> flask.Response:
    return answer(full_report(after or before, door))


ROUTES = (
    Route(action="list_runs", method="GET", path="/runs", handler=list_runs),
    Route(action="create_run", method="POST", path="/runs", handler=create_run),
    Route(action="show_run", method="GET", path="/runs/<name>", handler=show_run),
    Route(action="delete_run", method="DELETE", path="/runs/<name>", handler=delete_run),
    Route(action="watch_run", method="GET", path="/runs/<name>/events", handler=watch_run),
    Route(action="run_logs", method="GET", path="/runs/<name>/logs", handler=logs),
    Route(action="cancel_run", method="POST", path="/runs/<name>/cancel", handler=cancel_run),
    Route(action="restart_run", method="POST", path="/runs/<name>/restart", handler=restart_run),
    Route(
        action="show_manifest", method="GET", path="/runs/<name>/manifest", handler=show_manifest
    ),
    Route(action="compare_runs", method="GET", path="/runs/<name>/diff", handler=compare_runs),
)
