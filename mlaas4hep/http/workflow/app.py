"""The function `workflow`: the door for people, with the ancestor's routes and a REST API."""

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from mlaas4hep import bootstrap
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import InvalidRequestError, MlaasError
from mlaas4hep.http.workflow import ancestor, rest
from mlaas4hep.http.workflow.call import (
    NOBODY,
    STREAMS,
    Ask,
    Door,
    Route,
    limits_of,
    read_json,
)
from mlaas4hep.http.workflow.problems import tell
from mlaas4hep.ports import People, Services
from mlaas4hep.settings import Settings

ROUTES: tuple[Route, ...] = (*ancestor.ROUTES, *rest.ROUTES)

SHORT: Mapping[str, str] = {  #: other names of actions: those of the command line
    "status": "show_run",
    "runs": "list_runs",
    "watch": "watch_run",
    "cancel": "cancel_run",
    "restart": "restart_run",
    "delete": "delete_run",
    "manifest": "show_manifest",
    "diff": "compare_runs",
    "models": "list_models",
    "share": "share_model",
    "tarballs": "list_tarballs",
    "specs": "list_specs",
    "me": "show_usage",
}


def make_app(services: Services, settings: Settings, verifier: People | None = None) -> flask.Flask:
    """Return the app; `verifier` is for tests and for deployments with their own tokens."""
    door = Door(
        services=services,
        limits=limits_of(settings),
        verifier=bootstrap.people(settings) if verifier is None else verifier,
        streams=threading.BoundedSemaphore(STREAMS),
    )
    app = flask.Flask("workflow", static_folder=None)
    for route in ROUTES:
        view = partial(_answer, door, route)
        app.add_url_rule(route.path, route.action, view, methods=[route.method])
    app.add_url_rule("/", "action", partial(_act, door), methods=["GET", "POST"])
    for kind in (MlaasError, HTTPException, Exception):
        app.register_error_handler(kind, tell)
    return app


def _answer(door: Door, route: Route, **path: str) -> flask.Response:
    person = NOBODY if route.is_open else _person(door)
    args = {**flask.request.args.to_dict(), **path}
    return route.handler(door, Ask(person=person, args=args, http=flask.request))


def _act(door: Door) -> flask.Response:
    """Answer `{"action": …}`: how `faas-cli invoke`, which knows no paths, reaches everything."""
    args = flask.request.args.to_dict()
    person = _person(door)
    body = None if "action" in args else read_json(flask.request)
    action = str((args if body is None else body).get("action", ""))
    named = SHORT.get(action, action)
    route = next((route for route in ROUTES if route.action == named), None)
    if route is None:
        actions = [*SHORT, *(route.action for route in ROUTES)]
        raise InvalidRequestError(
            f"there is no action {action!r}",
            hint=nearest(action, actions) or f"one of {', '.join(actions)}",
        )
    args = {**args, **_scalars(body or {})}
    return route.handler(door, Ask(person=person, args=args, http=flask.request, body=body))


def _scalars(body: Mapping[str, Any]) -> dict[str, str]:
    """Return what could stand in a query too."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in body.items()
        if isinstance(value, str | int | float)
    }


def _person(door: Door) -> Person:
    return door.verifier.person(flask.request.headers.get("Authorization"))
