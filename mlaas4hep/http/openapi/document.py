"""openapi.yaml, made from the routes."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from mlaas4hep import __version__
from mlaas4hep.core import wire
from mlaas4hep.errors import Problem
from mlaas4hep.http.route import Arg, Body, Route, path_names
from mlaas4hep.http.schemas import JSON, Schema, ref
from mlaas4hep.http.table import FUNCTIONS

_REF = "#/components/schemas/{model}"
_ABOUT = """\
MLaaS4HEP: from ROOT files to predictions.

Two OpenFaaS functions face people: `workflow` takes tarballs and submissions, `predict` serves the
models. Behind oauth2-proxy, and on the laptop platform's own ports, each answers the same paths
without `/function/NAME`. Every operation of `workflow`, and most of `predict`, is also reached at
`/` by `{"action": "operationId", …}` in body or query, for `faas-cli invoke`. Query keys that an
operation does not know are refused.
"""
ALWAYS = (400, 401, 503)  #: what every operation may answer; without a token 401 does not occur
_ERRORS = (400, 401, 403, 404, 409, 413, 422, 429, 503)
_ERROR_KINDS = {"workflow": "Error", "predict": "PredictError"}


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of both functions."""
    found, definitions = wire.schema((*_kinds(), Problem), _REF)
    paths: dict[str, dict[str, Any]] = {}
    for function, route in _routes():
        operation = _described(route, found, _ERROR_KINDS[function])
        paths.setdefault(f"/function/{function}{route.path}", {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MLaaS4HEP",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "http://127.0.0.1:8080", "description": "the laptop platform"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "responses": _error_responses(),
            "schemas": {
                **_sent(),
                **definitions,
                "Error": _ERROR,
                "PredictError": _PREDICT_ERROR,
            },
        },
    }


_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": ref("Problem")},
}
_ADDRESS: Schema = {
    "description": "Where it is.",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}
_PREDICT_ERROR: Schema = {
    "type": "object",
    "description": "`error` is a text, as TFaaS's clients expect.",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "problem": ref("Problem")},
}


def _routes() -> Iterator[tuple[str, Route]]:
    """Yield function and route of each operation; one with several paths is one for each."""
    for function, routes in FUNCTIONS.items():
        for route in routes:
            if route.is_documented:
                for number, path in enumerate(route.paths, start=1):
                    name = route.name if number == 1 else f"{route.name}_{number}"
                    yield function, replace(route, name=name, path=path, also_at=())


def _kinds() -> Iterator[Any]:
    for _, route in _routes():
        for kind in (route.gives, *route.also_gives.values()):
            if not isinstance(kind, dict):
                yield kind


def _sent() -> dict[str, Schema]:
    return {
        name: schema
        for _, route in _routes()
        if route.body is not None
        for name, schema in route.body.schemas.items()
    }


def _described(route: Route, found: dict[Any, Schema], error: str) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, kind in {route.status: route.gives, **route.also_gives}.items():
        responses[str(status)] = _response(
            status, route.media, kind if isinstance(kind, dict) else found[kind]
        )
    for status in sorted({*ALWAYS, *route.errors} - ({401} if route.is_open else set())):
        responses[str(status)] = {"$ref": f"#/components/responses/{error}{status}"}
    args = [arg for arg in route.args if not _is_elsewhere(arg, route)]
    return {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "responses": responses,
        **({"parameters": [_parameter(arg, route) for arg in args]} if args else {}),
        **({} if route.body is None else {"requestBody": _sent_body(route.body)}),
        **({"security": []} if route.is_open else {}),
    }


def _response(status: int, media: str, gives: Schema) -> dict[str, Any]:
    is_elsewhere = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return {
        "description": HTTPStatus(status).phrase,
        **(
            {"headers": {"Location": _ADDRESS}}
            if is_elsewhere
            else {"content": {media: {"schema": gives}}}
        ),
    }


def _sent_body(body: Body) -> dict[str, Any]:
    content = {media: {"schema": schema} for media, schema in body.forms.items()}
    return {"required": body.required, "content": content}


def _error_responses() -> dict[str, Any]:
    return {
        f"{error}{status}": {
            "description": HTTPStatus(status).phrase,
            "content": {JSON: {"schema": ref(error)}},
        }
        for error in _ERROR_KINDS.values()
        for status in _ERRORS
    }


def _is_elsewhere(arg: Arg, route: Route) -> bool:
    """Tell whether an argument only stands in another path of the operation."""
    return arg.is_only_in_path and arg.name not in path_names(route.path)


def _parameter(arg: Arg, route: Route) -> dict[str, Any]:
    in_path = arg.name in path_names(route.path)
    return {
        "name": arg.name,
        "in": "header" if arg.is_header else "path" if in_path else "query",
        "description": arg.about,
        "required": in_path or arg.required,
        "schema": arg.schema,
    }
