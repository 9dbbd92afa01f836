"""openapi.yaml, made from the tables that also route the requests."""

from http import HTTPStatus
from typing import Any

from mlaas4hep import __version__
from mlaas4hep.core import wire
from mlaas4hep.errors import Problem
from mlaas4hep.http.openapi.describing import JSON, SCHEMAS, Arg, Operation, Schema
from mlaas4hep.http.openapi.operations import KINDS, OPERATIONS
from mlaas4hep.http.openapi.operations_predict import SERVED, Served
from mlaas4hep.http.workflow import ancestor, rest
from mlaas4hep.http.workflow.call import Route

WORKFLOW, PREDICT = "/function/workflow", "/function/predict"
_REF = "#/components/schemas/{model}"
_ABOUT = """\
MLaaS4HEP: from ROOT files to predictions.

Two OpenFaaS functions face people: `workflow` takes tarballs and submissions, `predict` serves the
models. Behind oauth2-proxy, and on the laptop platform's own ports, each answers the same paths
without `/function/NAME`. Every operation of `workflow` is also reached at its `/` by
`{"action": "operationId", …}` in body or query, for `faas-cli invoke`.
"""
_ALWAYS = (400, 401, 503)  #: what every operation may answer
_ERRORS = (400, 401, 403, 404, 409, 413, 422, 429, 503)


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of both functions."""
    found, definitions = wire.schema((*KINDS, Problem), _REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in (*ancestor.ROUTES, *rest.ROUTES):
        path = WORKFLOW + route.path.replace("<", "{").replace(">", "}")
        paths.setdefault(path, {})[route.method.lower()] = _workflow(route, found)
    for served in SERVED:
        path = PREDICT + served.path
        paths.setdefault(path, {})[served.method.lower()] = _predict(served)
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
            "schemas": {**SCHEMAS, **definitions, "Error": _ERROR, "PredictError": _PREDICT_ERROR},
        },
    }


_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"$ref": "#/components/schemas/Problem"}},
}
_PREDICT_ERROR: Schema = {
    "type": "object",
    "description": "`error` is a text, as TFaaS's clients expect.",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}


def _workflow(route: Route, found: dict[Any, Schema]) -> dict[str, Any]:
    operation = OPERATIONS[route.action]
    gives = operation.gives if isinstance(operation.gives, dict) else found[operation.gives]
    lines = (route.handler.__doc__ or "").strip().splitlines()
    described = _described(route.action, lines[0], operation, gives, "Error")
    return {**described, **({"security": []} if route.is_open else {})}


def _predict(served: Served) -> dict[str, Any]:
    words = served.path.replace("{model}", "model").replace(":", "/").strip("/").split("/")
    name = f"predict_{served.method.lower()}_{'_'.join(words)}"
    operation = served.operation
    described = _described(name, served.summary, operation, operation.gives, "PredictError")
    return {**described, **({"security": []} if served.is_open else {})}


def _described(
    name: str, summary: str, operation: Operation, gives: Schema, error: str
) -> dict[str, Any]:
    responses: dict[str, Any] = {str(operation.status): _response(operation, gives)}
    for status, kind in operation.also:
        responses[str(status)] = _response(operation, {"$ref": f"#/components/schemas/{kind}"})
    for status in sorted({*_ALWAYS, *operation.errors}):
        responses[str(status)] = {"$ref": f"#/components/responses/{error}{status}"}
    described: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": [operation.tag],
        "responses": responses,
    }
    if operation.args:
        described["parameters"] = [_parameter(arg) for arg in operation.args]
    if operation.body is not None:
        content = {media: {"schema": schema} for media, schema in operation.body.forms.items()}
        described["requestBody"] = {"required": operation.body.required, "content": content}
    return described


def _response(operation: Operation, gives: Schema) -> dict[str, Any]:
    return {
        "description": HTTPStatus(operation.status).phrase,
        "content": {operation.media: {"schema": gives}},
    }


def _error_responses() -> dict[str, Any]:
    return {
        f"{error}{status}": {
            "description": HTTPStatus(status).phrase,
            "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{error}"}}},
        }
        for error in ("Error", "PredictError")
        for status in _ERRORS
    }


def _parameter(arg: Arg) -> dict[str, Any]:
    return {
        "name": arg.name,
        "in": arg.where,
        "description": arg.about,
        "required": arg.required,
        "schema": arg.schema,
    }
