"""What the event loop does for function workflow before and after Flask: bodies and streams."""

import asyncio
from functools import partial
from urllib.parse import parse_qs

import flask

from mlaas4hep.errors import MlaasError, TooLargeError
from mlaas4hep.faas.asgi import Scope
from mlaas4hep.faas.bodies import Admission, Bodies
from mlaas4hep.faas.front import Front
from mlaas4hep.http.route import ACTION, Route
from mlaas4hep.http.router import Router
from mlaas4hep.http.workflow.call import MAX_JSON_BYTES
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.levels import levels
from mlaas4hep.http.workflow.routes import BODY_CALLS, ROUTES
from mlaas4hep.http.workflow.tarballs import FORM, FORM_BYTES

_ROUTER = Router(ROUTES)
_UPLOADS, _REQUESTS = 4, 100  #: of one person that may be on their way at once


def front(app: flask.Flask, bodies: Bodies | None = None) -> Front:
    """Return the ASGI app around the app that `make_app` made; `bodies` reads those of requests."""
    context: Context = app.extensions["context"]
    return Front(
        app,
        partial(_admit, context),
        bodies=bodies,
        on_stop=context.feeds.close,
        levels=partial(levels, context),
    )


async def _admit(context: Context, scope: Scope) -> Admission:
    """Take no byte of a body before it is known whose it is, and how large it may be."""
    headers = dict(scope["headers"])
    authorization = headers.get(b"authorization")
    person = await asyncio.to_thread(
        context.verifier.person, None if authorization is None else authorization.decode("latin-1")
    )
    is_upload = _is_upload(scope)
    limit = context.limits.max_upload_bytes + FORM_BYTES if is_upload else MAX_JSON_BYTES
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise TooLargeError(
            f"{int(announced)} bytes are too many: at most {limit} are taken here", stage="upload"
        )
    places = _UPLOADS if is_upload else _REQUESTS
    return Admission(owner=person.owner, limit_bytes=limit, places=places)


def _is_upload(scope: Scope) -> bool:
    route = _route(scope)
    return route is not None and route.body is FORM


def _route(scope: Scope) -> Route | None:
    if scope["path"] == "/":
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return BODY_CALLS.get(query.get(ACTION, [""])[0])
    try:
        return _ROUTER.find(scope["method"], scope["path"])[0]
    except MlaasError:
        return None
