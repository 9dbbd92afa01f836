"""One run over HTTP: as it is, at its next change, or as a stream of its changes."""

import threading
from collections.abc import Callable

import flask
from cachetools import LRUCache

from mlaas4hep.core import wire
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.report import mark, report
from mlaas4hep.core.runs.run import Run
from mlaas4hep.faas.front import AFTER, IS_AGAIN, STREAM
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import TEXT, whole
from mlaas4hep.http.workflow.call import Call, answer
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.runs.feeds import State
from mlaas4hep.http.workflow.runs.runs import SEEN, find_run, full_report
from mlaas4hep.ports import Services
from mlaas4hep.usecases import runs

_LONGEST_WAIT_S = 60
_KEPT = 256  #: runs whose request and specs are remembered while they are watched


def show_run(context: Context, call: Call) -> flask.Response:
    """Return everything about a run; with `wait=SECONDS`, when it has changed since `seen`."""
    run = find_run(context, call)
    wait_s = call.whole("wait", 0, _LONGEST_WAIT_S)
    seen = call.args.get("seen", "")
    if wait_s and seen == mark(run) and IS_AGAIN not in call.http.environ:
        context.feeds.check_room()
        change = context.feeds.change(run.owner, run.name, seen, float(wait_s))
        call.http.environ[AFTER] = change
        return flask.Response()
    response = answer(full_report(run, context))
    response.headers["ETag"] = f'"{mark(run)}"'
    return response


def watch_run(context: Context, call: Call) -> flask.Response:
    """Stream the run as server-sent events, one for each change, until it is over."""
    run = find_run(context, call)
    context.feeds.check_room()
    call.http.environ[STREAM] = context.feeds.events(run.owner, run.name)
    response = flask.Response(content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    return response


def looker(services: Services) -> Callable[[str, str], State]:
    """Return what reads and renders a run for its watchers."""
    stored: LRUCache[tuple[str, str, str], runs.StoredRun] = LRUCache(_KEPT)
    lock = threading.Lock()

    def look(owner: str, name: str) -> State:
        run = services.runs.get(owner, name)
        key = (owner, name, run.specs)
        with lock:
            known = stored.get(key)
        if known is None:
            known = runs.details(run, services)
            with lock:
                stored[key] = known
        shown = report(run, known.request, known.specs, services.clock())
        return State(mark=mark(run), event=_event(run, shown), is_last=run.is_final)

    return look


def _event(run: Run, shown: Report) -> bytes:
    data = wire.show(shown).strip().replace(b"\n", b"\ndata: ")
    return b"event: run\nid: %b\ndata: %b\n\n" % (mark(run).encode(), data)


ROUTES = (
    Route(
        name="show_run",
        method="GET",
        path="/runs/{name}",
        handler=show_run,
        tag="runs",
        actions=("status",),
        args=(
            *SEEN,
            Arg(
                name="wait",
                about="Answer at the next change, or after so many seconds.",
                schema=whole(_LONGEST_WAIT_S),
            ),
            Arg(name="seen", about="The `mark` of the run as you know it."),
        ),
        gives=Report,
        errors=(403, 404),
    ),
    Route(
        name="watch_run",
        method="GET",
        path="/runs/{name}/events",
        handler=watch_run,
        tag="runs",
        actions=("watch",),
        args=SEEN,
        gives=TEXT,
        media="text/event-stream",
        errors=(403, 404),
    ),
)
