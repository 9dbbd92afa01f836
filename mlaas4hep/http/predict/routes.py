"""Which path of the predict function leads to which handler."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError, NotFoundError
from mlaas4hep.http.predict import actions, model_upload, netron, tfaas, tfaas_predict, v1, v2
from mlaas4hep.http.predict.call import Answer, Call
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Desk
from mlaas4hep.http.predict.forms import read_form

Handler = Callable[[Desk, Call], Awaitable[Answer]]
NamedHandler = Callable[[Desk, Call, str], Awaitable[Answer]]


class WrongMethodError(InvalidRequestError):
    """The path is right, the method is not."""

    status = 405
    code = "method_not_allowed"


@dataclass(frozen=True, slots=True)
class Route:
    """A handler, and whether it wants to know who calls."""

    handler: Handler
    is_open: bool = False  #: also without a token


def _named(handler: NamedHandler) -> Route:
    """Return the route to a handler whose model is named by `?model=` or `?name=`."""

    async def by_query(desk: Desk, call: Call) -> Answer:
        return await handler(desk, call, call.query.get("model") or call.query.get("name", ""))

    return Route(by_query)


async def _delete(desk: Desk, call: Call) -> Answer:
    name = call.query.get("model") or (await read_form(call, MAX_BODY_BYTES)).texts.get("model")
    return await tfaas.delete(desk, call, name or "")


_json = Route(actions.predict)
ROUTES: dict[str, dict[str, Route]] = {
    "/json": {"POST": _json},
    "/predict/json": {"POST": _json},
    "/proto": {"POST": Route(tfaas_predict.proto)},
    "/predict/proto": {"POST": Route(tfaas_predict.proto)},
    "/image": {"POST": Route(tfaas_predict.image)},
    "/predict/image": {"POST": Route(tfaas_predict.image)},
    "/v2": {"GET": Route(v2.server, is_open=True)},
    "/v2/health/live": {"GET": Route(v2.live, is_open=True)},
    "/v2/health/ready": {"GET": Route(v2.ready, is_open=True)},
    "/v2/repository/index": {"POST": Route(v2.index)},
    "/netron": {"GET": Route(netron.page, is_open=True)},
    "/models": {"GET": Route(tfaas.models)},
    "/status": {"GET": Route(tfaas.status)},
    "/params": {"GET": _named(tfaas.params), "POST": _named(tfaas.set_params)},
    "/upload": {"POST": Route(model_upload.upload)},
    "/delete": {"DELETE": Route(_delete)},
    "/": {"POST": Route(actions.post, is_open=True), "GET": Route(actions.get, is_open=True)},
    "/_/health": {"GET": Route(actions.health, is_open=True)},
    "/_/ready": {"GET": Route(actions.ready, is_open=True)},
}
PREFIXES: dict[str, dict[str, NamedHandler]] = {
    "/models/": {"GET": tfaas.model, "DELETE": tfaas.delete},
    "/params/": {"GET": tfaas.params, "POST": tfaas.set_params},
    "/v1/models/": {"GET": v1.get, "POST": v1.post},
    "/v2/models/": {"GET": v2.get, "POST": v2.post},
    "/delete/": {"DELETE": tfaas.delete},
    "/netron/": {"GET": netron.get},
}
_OPEN_PREFIXES = ("/netron/",)  #: these handlers ask who calls where it matters


def route(call: Call) -> Route:
    """Return what answers a call.

    Raises:
        NotFoundError: there is no such path.
        WrongMethodError: it cannot be called so.
    """
    methods = ROUTES.get(call.path)
    if methods is None:
        methods = _by_prefix(call.path)
    found = methods.get(call.method)
    if found is None:
        raise WrongMethodError(
            f"{call.path} does not take {call.method}", hint=f"use {' or '.join(methods)}"
        )
    return found


def _by_prefix(path: str) -> dict[str, Route]:
    for prefix, methods in PREFIXES.items():
        if path.startswith(prefix):
            name = path.removeprefix(prefix)
            return {
                method: Route(partial(_call_named, handler, name), prefix in _OPEN_PREFIXES)
                for method, handler in methods.items()
            }
    raise NotFoundError(f"there is nothing at {path}", hint=nearest(path, ROUTES))


async def _call_named(handler: NamedHandler, name: str, desk: Desk, call: Call) -> Answer:
    return await handler(desk, call, name)
