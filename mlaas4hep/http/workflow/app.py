"""The function `workflow`: the door for people, with the ancestor's routes and a REST API."""

from functools import cache, partial
from typing import Any

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map

from mlaas4hep import bootstrap
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import InvalidRequestError, MlaasError
from mlaas4hep.faas.csrf import check_change
from mlaas4hep.faas.on_event import error_answer
from mlaas4hep.faas.problems import failure
from mlaas4hep.http.route import ACTION, Route, called, scalars
from mlaas4hep.http.workflow.audit import note
from mlaas4hep.http.workflow.call import NOBODY, Call, read_json
from mlaas4hep.http.workflow.context import Context, limits_of, sign_in_of
from mlaas4hep.http.workflow.page import HOME, wants_page
from mlaas4hep.http.workflow.routes import BODY_CALLS, ROUTES
from mlaas4hep.http.workflow.runs.feeds import Feeds
from mlaas4hep.http.workflow.runs.watching import looker
from mlaas4hep.http.workflow.usage import ROOT
from mlaas4hep.ports import People, Services
from mlaas4hep.serving.modellists import ModelLists
from mlaas4hep.settings import Settings, secret

_PATHS = [(route, path) for route in ROUTES if route is not ROOT for path in route.paths]
_ACTION = "action"  #: the endpoint of `/`: `_act` answers ROOT, too


def make_app(services: Services, settings: Settings, verifier: People | None = None) -> flask.Flask:
    """Return the app; `verifier` is for tests and for deployments with their own tokens."""
    context = Context(
        services=services,
        models=ModelLists(services.models),
        limits=limits_of(settings),
        verifier=bootstrap.people(settings) if verifier is None else verifier,
        feeds=Feeds(services.runs, looker(services)),
        sign_in=sign_in_of(settings),
        webhook_key=secret(settings.webhook_key_file).encode()
        if settings.webhook_key_file
        else b"",
    )
    app = flask.Flask("workflow", static_folder=None)
    app.extensions["context"] = context
    app.url_map = _addresses()
    app.view_functions = {
        _endpoint(route, path): partial(_answer, context, route) for route, path in _PATHS
    }
    app.view_functions[_ACTION] = partial(_act, context)
    for kind in (MlaasError, HTTPException, Exception):
        app.register_error_handler(kind, _tell)
    return app


@cache
def _addresses() -> Map:
    """Return the addresses of all routes: to compile them takes 30 ms, and all apps have the same."""
    app = flask.Flask("workflow", static_folder=None)
    app.url_map.merge_slashes = False  # it redirects, and knows nothing of the gateway's path
    for route, path in _PATHS:
        app.add_url_rule(_flask_path(path), _endpoint(route, path), methods=[route.method])
    app.add_url_rule("/", _ACTION, methods=["GET", "POST"])
    return app.url_map


def list_ahead(app: flask.Flask) -> None:
    """List runs and models, which takes seconds where there are thousands, before anybody asks."""
    context: Context = app.extensions["context"]
    context.services.runs.list()
    context.models.everybody()


def _answer(context: Context, route: Route, **path: str) -> flask.Response:
    person = NOBODY if route.is_open else _person(context)
    args = route.arguments(_query(), path)
    return _handled(route, context, Call(person=person, args=args, http=flask.request))


def _act(context: Context) -> flask.Response:
    """Answer `{"action": …}`: how `faas-cli invoke`, which knows no paths, reaches everything.

    A browser that only asks for `/` is led to the page, a program is told what answers here.
    """
    query = _query()
    if ACTION not in query and wants_page(flask.request):
        return flask.Response(status=303, headers={"Location": HOME})
    person = _person(context)
    route, body = _meant(query)
    query.pop(ACTION, None)
    args = route.arguments({**query, **scalars(body or {}, route)}, {})
    return _handled(route, context, Call(person=person, args=args, http=flask.request, body=body))


def _query() -> dict[str, str]:
    """Return the query's arguments.

    Raises:
        InvalidRequestError: one is given twice, and nobody knows which value is meant.
    """
    for name, values in flask.request.args.lists():
        if len(set(values)) > 1:
            raise InvalidRequestError(f"argument {name!r} has {len(values)} values in the query")
    return flask.request.args.to_dict()


def _meant(query: dict[str, str]) -> tuple[Route, dict[str, Any] | None]:
    """Return the operation that a request to `/` names, and the body that named it."""
    if ACTION in query:
        return called(query[ACTION], BODY_CALLS), None
    if flask.request.method == "GET" and not flask.request.content_length:
        return ROOT, None
    body = read_json(flask.request)
    return called(body.get(ACTION, ""), BODY_CALLS), body


def _handled(route: Route, context: Context, call: Call) -> flask.Response:
    if route.changes:  # also where method and path do not say so
        check_change(
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in call.http.headers
        )
    response: flask.Response = route.handler(context, call)
    if route.changes:
        note(context, route, call, response)
    return response


def _person(context: Context) -> Person:
    return context.verifier.person(flask.request.headers.get("Authorization"))


def _tell(error: Exception) -> flask.Response:
    """Return the answer for an error: a status, `{"error": {…}}`, and when to come again."""
    if isinstance(error, HTTPException):
        body, status = error_answer(_in_our_words(error))
        headers: dict[str, str] = {}
    else:
        failed = failure(error)
        body, status, headers = {"error": failed.problem.to_json()}, failed.status, failed.headers
    response = flask.jsonify(body)
    response.status_code = status
    response.headers.update(headers)
    return response


def _in_our_words(error: HTTPException) -> HTTPException:
    """Return the error with words that say what was asked, where the framework's do not."""
    if isinstance(error, NotFound):
        error.description = f"there is no path {flask.request.path!r}; GET /openapi.json has all"
    elif isinstance(error, MethodNotAllowed):
        known = ", ".join(sorted({*(error.valid_methods or ())} - {"HEAD", "OPTIONS"}))
        error.description = f"{flask.request.method} is not for this path; it takes {known}"
    return error


def _endpoint(route: Route, path: str) -> str:
    return f"{route.name} {path}"


def _flask_path(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")
