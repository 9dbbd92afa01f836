"""One run over HTTP: as it is, at its next change, or as a stream of its changes."""

from collections.abc import Callable, Iterator
from typing import Any

import flask

from mlaas4hep.core import wire
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.report import mark
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import NotFoundError, ServiceUnavailableError
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import TEXT, whole
from mlaas4hep.http.workflow.call import Ask, Door, answer
from mlaas4hep.http.workflow.runs import RUN, find_run, full_report

HEARTBEAT_S = 10.0
_LONGEST_WAIT_S = 60
_LIFE = 30  #: heartbeats and changes without end are cut here; the client connects again


def show_run(door: Door, ask: Ask) -> flask.Response:
    """Return everything about a run; with `wait=SECONDS`, when it has changed since `seen`."""
    run = find_run(door, ask)
    wait_s = ask.whole("wait", 0, _LONGEST_WAIT_S)
    seen = ask.args.get("seen", "")
    if wait_s and seen:
        run = after(door, run, seen, float(wait_s))
    response = answer(full_report(run, door))
    response.headers["ETag"] = f'"{mark(run)}"'
    return response


def watch_run(door: Door, ask: Ask) -> flask.Response:
    """Stream the run as server-sent events, one for each change, until it is over."""
    run = find_run(door, ask)
    return stream(door, run, lambda changed: full_report(changed, door))


def after(door: Door, run: Run, seen: str, timeout_s: float) -> Run:
    """Return the run when its mark is not `seen` any more, or as it is after the time.

    When too many people watch, it is returned as it is at once.
    """
    if not door.streams.acquire(blocking=False):
        return run
    try:
        return _changed(door, run, seen, timeout_s)
    finally:
        door.streams.release()


def _changed(door: Door, run: Run, seen: str, timeout_s: float) -> Run:
    book = door.services.runs
    return book.wait(run.owner, run.name, lambda now: mark(now) != seen, timeout_s)


def stream(door: Door, run: Run, show: Callable[[Run], Any]) -> flask.Response:
    """Return the stream; it ends when the run is over.

    Raises:
        ServiceUnavailableError: too many people watch through this process already.
    """
    if not door.streams.acquire(blocking=False):
        raise ServiceUnavailableError(
            "too many streams are open here", hint="ask GET /runs/NAME?wait=30&seen=MARK instead"
        )
    events = _events(door, run, show)
    response = flask.Response(events, content_type="text/event-stream")
    response.call_on_close(door.streams.release)
    response.headers["Cache-Control"] = "no-store"
    return response


def _events(door: Door, run: Run, show: Callable[[Run], Any]) -> Iterator[bytes]:
    yield b"retry: 1000\n\n" + _event(run, show)
    for _ in range(_LIFE):
        if run.is_final:
            return
        try:
            now = _changed(door, run, mark(run), HEARTBEAT_S)
        except NotFoundError:
            yield b"event: deleted\ndata: {}\n\n"
            return
        yield b": still there\n\n" if now == run else _event(now, show)
        run = now


def _event(run: Run, show: Callable[[Run], Any]) -> bytes:
    data = wire.show(show(run)).strip().replace(b"\n", b"\ndata: ")
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
            RUN,
            Arg(
                name="wait",
                about="Answer at the next change, or after so many seconds.",
                schema=whole(_LONGEST_WAIT_S),
            ),
            Arg(name="seen", about="The `mark` of the run as you know it."),
        ),
        gives=Report,
        errors=(404,),
    ),
    Route(
        name="watch_run",
        method="GET",
        path="/runs/{name}/events",
        handler=watch_run,
        tag="runs",
        actions=("watch",),
        args=(RUN,),
        gives=TEXT,
        media="text/event-stream",
        errors=(404,),
    ),
)
