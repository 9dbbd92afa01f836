"""The description of all routes, which docs/openapi.py writes, and a page that shows it."""

from pathlib import Path

import flask

from mlaas4hep.http.route import Route
from mlaas4hep.http.schemas import OBJECT, TEXT
from mlaas4hep.http.workflow.call import Call, raw_json
from mlaas4hep.http.workflow.context import Context

_WEB = Path(__file__).parents[2] / "web"
_POLICY = "default-src 'self'; frame-ancestors 'none'"


def openapi(_door: Context, _ask: Call) -> flask.Response:
    """Return the OpenAPI document of both functions."""
    return raw_json((_WEB / "openapi.json").read_bytes())


def docs(_door: Context, _ask: Call) -> flask.Response:
    """Show every operation on a page for browsers."""
    return _page("api.html", "text/html; charset=utf-8")


def docs_script(_door: Context, _ask: Call) -> flask.Response:
    """Return the page's script."""
    return _page("api.js", "text/javascript; charset=utf-8")


def docs_style(_door: Context, _ask: Call) -> flask.Response:
    """Return the page's style."""
    return _page("api.css", "text/css; charset=utf-8")


def _page(name: str, media: str) -> flask.Response:
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
    return flask.Response((_WEB / name).read_bytes(), content_type=media, headers=headers)


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
        gives=TEXT,
        media="text/html",
        is_open=True,
        is_by_path_only=True,
    ),
    Route(
        name="docs_script",
        method="GET",
        path="/api.js",
        handler=docs_script,
        tag="api",
        gives=TEXT,
        is_open=True,
        is_by_path_only=True,
        is_documented=False,
    ),
    Route(
        name="docs_style",
        method="GET",
        path="/api.css",
        handler=docs_style,
        tag="api",
        gives=TEXT,
        is_open=True,
        is_by_path_only=True,
        is_documented=False,
    ),
)
