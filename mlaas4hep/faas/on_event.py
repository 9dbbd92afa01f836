"""Functions as values: HTTP in, a step or an app of ours, HTTP out.

`on_event` is the door of the functions that only the dispatcher may call: it checks the call,
hands the event to the step that it wakes and turns whatever happens into an answer. `wsgi` and
`asgi` wrap the apps of the functions that people reach.
"""

import importlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from mlaas4hep import bootstrap
from mlaas4hep.adapters import tracing
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import Event
from mlaas4hep.errors import (
    MlaasError,
    NotFoundError,
    PermanentError,
    Problem,
    ServiceUnavailableError,
    StrangeEventError,
    UnauthenticatedError,
)
from mlaas4hep.faas.asgi import AsgiApp, Scope
from mlaas4hep.faas.bodies import Admission
from mlaas4hep.faas.front import Front
from mlaas4hep.faas.function import Function, asgi, freeze_modules, keep_freed_memory
from mlaas4hep.faas.problems import failure
from mlaas4hep.pipeline import table
from mlaas4hep.pipeline.reactions import Step, react
from mlaas4hep.ports import Deliveries, Services
from mlaas4hep.settings import Settings

__all__ = ["Function", "asgi", "check_ready", "error_answer", "on_event", "wsgi"]

log = logging.getLogger(__name__)

MAX_EVENT_BYTES = 1024 * 1024  #: NATS carries no more either
_EVENTS = 2  #: handled at once, if nobody says how many
_AT_ONCE = 1000  #: deliveries whose bodies are on their way
HEALTH, READY = "/_/health", "/_/ready"

Answer = tuple[dict[str, Any], int]


def on_event(
    name: str,
    steps: Mapping[type[Event], Step] | None = None,
    *,
    warms: Sequence[str] = (),
    has_own_limit: bool = False,
) -> Function:
    """Return the function that runs the step of each event type and answers the dispatcher.

    Args:
        steps: which step each event wakes; None: those of `pipeline.table`.
        warms: modules that the steps import when they need them; they are imported as soon as
            the function is ready, so that the first event does not wait for them.
        has_own_limit: the steps know how long they may take; else it is `MLAAS_STEP_SECONDS`.
    """
    chosen = table.steps(name) if steps is None else dict(steps)
    factory = partial(_event_app, name, chosen, tuple(warms), has_own_limit=has_own_limit)
    return Function(name=name, factory=factory, front=partial(Front, admit=_admit_event))


async def _admit_event(_scope: Scope) -> Admission:
    """Take no more than an event; its sender is checked when it is known which event it is."""
    return Admission(owner="", limit_bytes=MAX_EVENT_BYTES, places=_AT_ONCE)


def wsgi(
    name: str,
    make_app: Callable[[Services, Settings], flask.Flask],
    front: Callable[[flask.Flask], AsgiApp] | None = None,
    *,
    warm: Callable[[flask.Flask], None] = lambda _app: None,
) -> Function:
    """Return a function around a flask app; it gets health and readiness if it has none.

    Args:
        name: of the function.
        make_app: makes the app.
        front: goes around the app and reads bodies.
        warm: does, as soon as the function is ready, what the first request would wait for.
    """

    def factory(services: Services, settings: Settings) -> flask.Flask:
        app = make_app(services, settings)
        return _with_health(app, services, partial(warm, app))

    return Function(name=name, factory=factory, front=front or partial(Front, admit=_admit_event))


def error_answer(error: Exception) -> Answer:
    """Return the JSON and the status that tell a caller about `error`."""
    if isinstance(error, HTTPException):
        code = (error.name or "error").lower().replace(" ", "_")
        problem = Problem(code=code, message=error.description or code)
        return {"error": problem.to_json()}, error.code or 500
    failed = failure(error)
    return {"error": failed.problem.to_json()}, failed.status


def check_ready(services: Services) -> None:
    """Return when the store and the run book answer; ServiceUnavailableError otherwise."""
    services.runs_files.info("ready/ready")
    try:
        services.runs.get("ready", "ready")
    except NotFoundError:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """What the deliveries of one function share."""

    name: str
    steps: Mapping[type[Event], Step]
    services: Services
    verifier: Deliveries
    room: threading.BoundedSemaphore  #: one place for each event handled at once
    step_seconds: float | None  #: longest step; None: the steps know

    def deliver(self) -> Answer:
        """Answer one delivery: 2xx acks it, 422 parks it, anything else brings it again."""
        promised = self.verifier.event_id(flask.request.headers.get("Authorization"))
        if not self.room.acquire(blocking=False):
            problem = Problem(code="busy", message=f"{self.name} is busy", hint="deliver later")
            return {"error": problem.to_json()}, 429
        try:
            return self._handle(flask.request.get_data(), promised)
        finally:
            self.room.release()

    def _handle(self, body: bytes, promised: str) -> Answer:
        event = cloudevents.load_event(body)
        if event.id != promised:
            raise UnauthenticatedError(
                f"the token is for event {promised!r} and the body is event {event.id!r}"
            )
        step = self.steps.get(type(event))
        if step is None:
            raise StrangeEventError(f"{self.name} does nothing with {event.type!r}")
        run = f"{event.owner}/{event.run}"
        with tracing.doing(run=run, event=event.id):
            started = time.perf_counter()
            outcome = "failed"
            try:
                again = flask.request.headers.get(cloudevents.AGAIN, "")
                is_over = react(event, step, self._world(), again)
                outcome = "over" if is_over else "done"
            finally:
                took = time.perf_counter() - started
                log.info("run=%s event=%s seconds=%.3f %s", run, event.id, took, outcome)
        return {"event": event.id, **({cloudevents.OVER: True} if is_over else {})}, 200

    def _world(self) -> Services:
        """Return the services of a step that begins now."""
        limit = self.step_seconds
        return self.services if limit is None else self.services.within(limit, time.monotonic)


def _event_app(
    name: str,
    steps: Mapping[type[Event], Step],
    warms: Sequence[str],
    services: Services,
    settings: Settings,
    *,
    has_own_limit: bool,
) -> flask.Flask:
    door = _Door(
        name=name,
        steps=steps,
        services=services,
        verifier=bootstrap.deliveries(settings, name),
        room=threading.BoundedSemaphore(settings.workers or _EVENTS),
        step_seconds=None if has_own_limit else settings.step_seconds,
    )
    keep_freed_memory()
    app = flask.Flask(name, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_EVENT_BYTES
    app.add_url_rule("/", "deliver", door.deliver, methods=["POST"])
    app.register_error_handler(Exception, _event_error)
    return _with_health(app, services, partial(_import_all, warms))


def _event_error(error: Exception) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return the answer about an error, and in headers when to come again, if somebody said so."""
    answer, status = error_answer(error)
    if isinstance(error, MlaasError):
        stranger = isinstance(error, UnauthenticatedError)  # else the cause may be a bug of ours
        log.warning("%s", error, exc_info=None if stranger else error.__cause__)
    parked = isinstance(error, PermanentError) and not isinstance(error, UnauthenticatedError)
    after_s = error.retry_after_s if isinstance(error, ServiceUnavailableError) else 0.0
    headers = {"Retry-After": str(ceil(after_s))} if after_s else {}
    return answer, 422 if parked else status, headers


def _with_health(app: flask.Flask, services: Services, warm: Callable[[], None]) -> flask.Flask:
    warming = threading.Thread(target=_warmed, args=(warm,), name="warm", daemon=True)
    started = threading.Lock()

    def ready() -> Answer:
        check_ready(services)
        if started.acquire(blocking=False):
            warming.start()
        return {"status": "ready"}, 200

    taken = {rule.rule for rule in app.url_map.iter_rules()}
    if HEALTH not in taken:
        app.add_url_rule(HEALTH, "_health", lambda: {"status": "healthy"})
    if READY not in taken:
        app.add_url_rule(READY, "_ready", partial(_answered, ready))
    return app


def _answered(ready: Callable[[], Answer]) -> Answer:
    try:
        return ready()
    except MlaasError as error:
        return error_answer(error)


def _import_all(modules: Sequence[str]) -> None:
    for module in modules:
        importlib.import_module(module)


def _warmed(warm: Callable[[], None]) -> None:
    try:
        warm()
    except MlaasError as error:  # the first request waits, then
        log.warning("nothing could be made ready ahead: %s", error)
    freeze_modules()
