"""The function `workflow`: the door for people, with the ancestor's routes and a REST API."""

from functools import partial

import flask
from werkzeug.exceptions import HTTPException

from mlaas4hep import bootstrap
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import MlaasError
from mlaas4hep.faas.on_event import error_answer
from mlaas4hep.faas.problems import failure
from mlaas4hep.http.route import ACTION, Route, called, scalars
from mlaas4hep.http.workflow.call import NOBODY, Ask, Door, limits_of, read_json
from mlaas4hep.http.workflow.feeds import Feeds
from mlaas4hep.http.workflow.routes import BODY_CALLS, ROUTES
from mlaas4hep.http.workflow.watching import looker
from mlaas4hep.ports import People, Services
from mlaas4hep.settings import Settings


def make_app(services: Services, settings: Settings, verifier: People | None = None) -> flask.Flask:
    """Return the app; `verifier` is for tests and for deployments with their own tokens."""
    door = Door(
        services=services,
        limits=limits_of(settings),
        verifier=bootstrap.people(settings) if verifier is None else verifier,
        feeds=Feeds(services.runs, looker(services)),
    )
    app = flask.Flask("workflow", static_folder=None)
    app.extensions["door"] = door
    for route in ROUTES:
        view = partial(_answer, door, route)
        for path in route.paths:
            app.add_url_rule(
                _flask_path(path), f"{route.name} {path}", view, methods=[route.method]
            )
    app.add_url_rule("/", "action", partial(_act, door), methods=["GET", "POST"])
    for kind in (MlaasError, HTTPException, Exception):
        app.register_error_handler(kind, _tell)
    return app


def _answer(door: Door, route: Route, **path: str) -> flask.Response:
    person = NOBODY if route.is_open else _person(door)
    args = route.arguments(flask.request.args.to_dict(), path)
    return _handled(route, door, Ask(person=person, args=args, http=flask.request))


def _act(door: Door) -> flask.Response:
    """Answer `{"action": …}`: how `faas-cli invoke`, which knows no paths, reaches everything."""
    query = flask.request.args.to_dict()
    person = _person(door)
    body = None if ACTION in query else read_json(flask.request)
    route = called((query if body is None else body).get(ACTION, ""), BODY_CALLS)
    query.pop(ACTION, None)
    args = route.arguments({**query, **scalars(body or {}, route)}, {})
    return _handled(route, door, Ask(person=person, args=args, http=flask.request, body=body))


def _handled(route: Route, door: Door, ask: Ask) -> flask.Response:
    response: flask.Response = route.handler(door, ask)
    return response


def _person(door: Door) -> Person:
    return door.verifier.person(flask.request.headers.get("Authorization"))


def _tell(error: Exception) -> flask.Response:
    """Return the answer for an error: a status, `{"error": {…}}`, and when to come again."""
    if isinstance(error, HTTPException):
        body, status = error_answer(error)
        headers: dict[str, str] = {}
    else:
        told = failure(error)
        body, status, headers = {"error": told.problem.to_json()}, told.status, told.headers
    response = flask.jsonify(body)
    response.status_code = status
    response.headers.update(headers)
    return response


def _flask_path(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")
