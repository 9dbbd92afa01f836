"""An ASGI app whose calls belong to traces; with OpenTelemetry, each is a span that is exported."""

import secrets
from collections.abc import Callable, MutableMapping
from typing import Any

from mlaas4hep.adapters import tracing
from mlaas4hep.faas.asgi import AsgiApp, Receive, Scope, Send

_REQUEST = b"x-call-id"  #: OpenFaaS's gateway numbers calls with it
_HOUSEKEEPING = "/_/"  #: health, readiness, metrics: of no interest to anybody

Finish = Callable[[int], None]  #: is told the status when a call is over
Begin = Callable[[str, str], tuple[dict[str, str], Finish]]  #: name and `traceparent` of a call


def untold(_name: str, header: str) -> tuple[dict[str, str], Finish]:
    """Begin a call that nobody exports; its trace goes on in logs and events."""
    return tracing.continued(header), lambda _status: None


class TracedApp:
    """An ASGI app; what it does for a call knows the call's request and trace."""

    def __init__(self, app: AsgiApp, begin: Begin = untold) -> None:
        self.app = app
        self._begin = begin

    def stop(self) -> None:
        """Tell the app that it is to end."""
        getattr(self.app, "stop", lambda: None)()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(_HOUSEKEEPING):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        header = headers.get(tracing.HEADER.encode(), b"").decode("latin-1")
        request = headers.get(_REQUEST, b"").decode("latin-1")[:64] or secrets.token_hex(8)
        known, finish = self._begin(f"{scope['method']} {scope['path']}", header)
        status = 499  # until an answer begins: the caller left

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with tracing.doing(request=request, **known):
            try:
                await self.app(scope, receive, sending)
            finally:
                finish(status)
