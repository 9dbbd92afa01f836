"""The description of all routes, which docs/openapi.py writes, and a page that shows it."""

from pathlib import Path

import flask

from mlaas4hep.http.route import Route
from mlaas4hep.http.schemas import ELSEWHERE, OBJECT
from mlaas4hep.http.workflow.call import Call, raw_json
from mlaas4hep.http.workflow.context import Context

_WEB = Path(__file__).parents[2] / "web"


def openapi(_door: Context, _ask: Call) -> flask.Response:
    """Return the OpenAPI document of both functions."""
    return raw_json((_WEB / "openapi.json").read_bytes())


def docs(_door: Context, _ask: Call) -> flask.Response:
    """Lead to a page for browsers that shows every operation and tries it."""
    return flask.Response(status=303, headers={"Location": "ui/api.html"}, content_type="text/html")


ROUTES = (
    Route(
        name="openapi",
        method="GET",
        path="/openapi.json",
        handler=openapi,
        tag="api",
        gives=OBJECT,
        is_open=True,
    ),
    Route(
        name="docs",
        method="GET",
        path="/docs",
        handler=docs,
        tag="api",
        gives=ELSEWHERE,
        status=303,
        is_open=True,
        is_by_path_only=True,
    ),
)
