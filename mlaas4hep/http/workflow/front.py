"""What the event loop does for function workflow before and after Flask: bodies and streams."""

import asyncio
from functools import partial
from urllib.parse import parse_qs

import flask
from cachetools import TTLCache

from mlaas4hep.errors import MlaasError, TooLargeError
from mlaas4hep.faas.asgi import Scope
from mlaas4hep.faas.bodies import Admission, Bodies
from mlaas4hep.faas.front import Front
from mlaas4hep.faas.underway import UnderWay
from mlaas4hep.http.route import ACTION, Route
from mlaas4hep.http.router import Router
from mlaas4hep.http.workflow.call import MAX_JSON_BYTES
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.levels import Levels, OwnerLevels
from mlaas4hep.http.workflow.routes import BODY_CALLS, ROUTES
from mlaas4hep.http.workflow.tarballs import FORM, FORM_BYTES
from mlaas4hep.ports import People

_ROUTER = Router(ROUTES)
_REMEMBERED, _FRESH_S = 4096, 1.0
_UPLOADS, _REQUESTS = 4, 100  #: of one person that may be on their way at once


def front(
    app: flask.Flask, bodies: Bodies | None = None, under_way: UnderWay | None = None
) -> Front:
    """Return the ASGI app around the app that `make_app` made; see `Front` for the others."""
    context: Context = app.extensions["context"]
    return Front(
        app,
        partial(_admit, context),
        bodies=bodies,
        under_way=under_way,
        on_stop=context.feeds.close,
        caller=Callers(context.verifier).owner,
        levels=Levels(context),
        owner_levels=OwnerLevels(context.services),
    )


class Callers:
    """Whose requests are in work, asked of the verifier once a second."""

    def __init__(self, verifier: People) -> None:
        self._verifier = verifier
        self._seen: TTLCache[bytes, str] = TTLCache(_REMEMBERED, _FRESH_S)

    async def owner(self, scope: Scope) -> str:
        """Return the owner behind a token; all whose token does not hold are one."""
        header = dict(scope["headers"]).get(b"authorization")
        if header is None:
            return ""
        if header not in self._seen:
            try:
                person = await asyncio.to_thread(self._verifier.person, header.decode("latin-1"))
            except MlaasError:
                return ""
            self._seen[header] = person.owner
        return self._seen.get(header, "")


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
