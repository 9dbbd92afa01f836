"""OpenFaaS's REST API on a laptop: `/function/…` for people, `/system/…` for faas-cli.

Written from the public API description. The functions are fixed, so that deploying, scaling and
removing are answered with 501.
"""

import json
import platform
import re
from collections.abc import AsyncIterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mlaas4hep import __version__
from mlaas4hep.errors import Problem
from mlaas4hep.faas.asgi import Receive, Scope, Send
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.ambiguity import asks_for_upgrade, oddity
from mlaas4hep.laptop.functions import NAMESPACE, PEOPLES, DeployedFunction
from mlaas4hep.laptop.logs import FunctionLog, Line
from mlaas4hep.laptop.metrics import exposition
from mlaas4hep.laptop.password import SystemPassword
from mlaas4hep.laptop.proxy import Proxy
from mlaas4hep.laptop.signin import LOGIN_PATH, LOGOUT_PATH, SignIn, with_token

_FUNCTION = re.compile(rb"/function/([^/]+)(/.*)?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_CODES = {404: "not_found", 501: "not_implemented", 400: "invalid_request", 421: "wrong_host"}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The ASGI app behind all ports of the platform."""

    functions: Mapping[str, DeployedFunction]
    logs: Mapping[str, FunctionLog]  #: of functions and of the programs beside them
    jwks: Mapping[str, Any]
    own_paths: Mapping[int, str]  #: a port that gives its paths to one function, as public doors do
    password: str  #: of `admin`, for /system
    proxy: Proxy
    sign_in: SignIn
    system: Starlette = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "system", _system(self))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; calls of functions do not pass through any framework."""
        if scope["type"] != "http":
            await self.system(scope, receive, send)
            return
        odd = oddity(scope)
        if odd or asks_for_upgrade(scope):
            send = _closing(send)
        if odd:
            await _problem(odd.status, odd.message, hint=odd.hint)(scope, receive, send)
            return
        await self._route(with_token(scope), receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("raw_path") or scope["path"].encode()
        match = _FUNCTION.fullmatch(path)
        function = self.find(match[1].decode("latin-1")) if match else None
        owner = self.own_paths.get(scope["server"][1])
        if owner and not (function and function.name in PEOPLES):
            await self.proxy.forward(self.functions[owner], path, scope, receive, send)
        elif match is None:
            await self.system(scope, receive, send)
        elif function is None:
            await _problem(404, "no such function")(scope, receive, send)
        else:
            await self.proxy.forward(function, match[2] or b"/", scope, receive, send)

    def find(self, name: str) -> DeployedFunction | None:
        """Return the function called `NAME` or `NAME.openfaas-fn`."""
        short, _, namespace = name.partition(".")
        return self.functions.get(short) if namespace in ("", NAMESPACE) else None


def _system(gateway: Gateway) -> Starlette:
    routes = _Routes(gateway)
    fixed = ["POST", "PUT", "DELETE"]
    return Starlette(
        routes=[
            Route("/", gateway.sign_in.home),
            Route(LOGIN_PATH, gateway.sign_in.login),
            Route(LOGOUT_PATH, gateway.sign_in.logout, methods=["POST"]),
            Route("/healthz", routes.healthz),
            Route("/metrics", routes.metrics),
            Route("/system/info", routes.info),
            Route("/system/namespaces", routes.namespaces),
            Route("/system/secrets", routes.nothing),
            Route("/system/secrets", routes.no_secrets, methods=fixed),
            Route("/system/functions", routes.list),
            Route("/system/functions", routes.fixed, methods=fixed),
            Route("/system/function/{name}", routes.describe),
            Route("/system/scale-function/{name}", routes.fixed, methods=["POST"]),
            Route("/async-function/{rest:path}", routes.no_queue, methods=["POST"]),
            Route("/system/logs", routes.tell),
            Route(issuer.DISCOVERY_PATH, routes.discovery),
            Route(issuer.JWKS_PATH, routes.keys),
        ],
        exception_handlers={HTTPException: _http_error},
        middleware=[Middleware(SystemPassword, password=gateway.password)],
    )


@dataclass(frozen=True, slots=True)
class _Routes:
    gateway: Gateway

    async def healthz(self, _request: Request) -> Response:
        return PlainTextResponse("OK")

    async def metrics(self, request: Request) -> Response:
        accept = request.headers.get("accept", "")
        content, content_type = exposition(self.gateway.functions, accept)
        return Response(content, headers={"content-type": content_type})

    async def info(self, _request: Request) -> Response:
        version = {"release": __version__, "sha": ""}
        provider = {"provider": "mlaas4hep", "orchestration": "processes", "version": version}
        return JSONResponse({"provider": provider, "version": version, "arch": platform.machine()})

    async def namespaces(self, _request: Request) -> Response:
        return JSONResponse([NAMESPACE])

    async def nothing(self, _request: Request) -> Response:
        return JSONResponse([])

    async def list(self, request: Request) -> Response:
        here = request.query_params.get("namespace", "") in ("", NAMESPACE)
        functions = self.gateway.functions.values() if here else ()
        return JSONResponse([function.to_json() for function in functions])

    async def describe(self, request: Request) -> Response:
        function = self.gateway.find(request.path_params["name"])
        if function is None or request.query_params.get("namespace", "") not in ("", NAMESPACE):
            return _problem(404, f"no such function: {request.path_params['name']}")
        return JSONResponse(function.to_json())

    async def fixed(self, _request: Request) -> Response:
        return _problem(
            501,
            "the functions of the laptop platform are fixed",
            hint="deploy to a real OpenFaaS; docs/operators.md says how",
        )

    async def no_secrets(self, _request: Request) -> Response:
        return _problem(
            501,
            "the laptop platform keeps no secrets for functions",
            hint="those it needs lie in the folder keys of its state folder",
        )

    async def no_queue(self, _request: Request) -> Response:
        return _problem(501, "asynchronous calls are not offered", hint="call /function/NAME")

    async def tell(self, request: Request) -> Response:
        query = request.query_params
        name = query.get("name", "").removesuffix(f".{NAMESPACE}")
        log = self.gateway.logs.get(name)
        if log is None:
            return _problem(404, f"no such function: {name}")
        try:
            since = _since(query.get("since", ""), datetime.now(UTC))
            tail = int(query.get("tail", "-1"))
        except ValueError as error:
            return _problem(400, str(error))
        lines = (
            log.follow(since, tail if tail >= 0 else None)
            if query.get("follow", "").lower() in ("1", "true")
            else _finished(log.lines(since, tail if tail >= 0 else None))
        )
        wanted = query.get("instance", "")
        return StreamingResponse(_ndjson(name, wanted, lines), media_type="application/x-ndjson")

    async def discovery(self, request: Request) -> Response:
        return JSONResponse(issuer.discovery(str(request.base_url).rstrip("/")))

    async def keys(self, _request: Request) -> Response:
        return JSONResponse(dict(self.gateway.jwks))


def _closing(send: Send) -> Send:
    """Return a `send` whose answer ends the connection."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return sending


async def _finished(lines: list[Line]) -> AsyncIterator[Line]:
    for line in lines:
        yield line


async def _ndjson(name: str, instance: str, lines: AsyncIterator[Line]) -> AsyncIterator[str]:
    async for line in lines:
        if instance in ("", line.instance):
            message = {
                "name": name,
                "namespace": NAMESPACE,
                "instance": line.instance,
                "timestamp": line.at.isoformat().replace("+00:00", "Z"),
                "text": line.text,
            }
            yield json.dumps(message) + "\n"


def _since(text: str, now: datetime) -> datetime | None:
    """Return the moment that `since` names: RFC 3339, or a duration such as 5m."""
    if not text:
        return None
    duration = _DURATION.fullmatch(text)
    if duration:
        return now - timedelta(seconds=float(duration[1]) * _SECONDS[duration[2]])
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _problem(status: int, message: str, hint: str = "") -> Response:
    code = _CODES.get(status, "error")
    problem = Problem(code=code, message=message, hint=hint)
    return JSONResponse({"error": problem.to_json()}, status)


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "something went wrong inside"
    return _problem(status, detail)
