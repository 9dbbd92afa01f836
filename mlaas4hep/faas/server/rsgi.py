"""An ASGI app as granian calls it (RSGI): the server is compiled, and the app stays what it is.

granian's own ASGI costs a fifth of a call more: here a small body comes by one call, and an answer
in one piece goes out by one. See docs/adr for why it is not uvicorn.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, MutableMapping
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.rsgi import HTTPProtocol, ProtocolClosed, ProtocolError
from granian.rsgi import Scope as RsgiScope
from granian.server.embed import Server

from mlaas4hep.faas.asgi import AsgiApp
from mlaas4hep.faas.headers import ALWAYS

log = logging.getLogger(__name__)

_GONE = {"type": "http.disconnect"}
_OWN = (*ALWAYS, ("server", "mlaas4hep"))  # granian would name itself and not leave it out
_HEAD_BYTES = 64 * 1024  #: of a request
_CONNECTIONS = 4096  #: at once; more wait to be accepted
_AT_ONCE = 256 * 1024  #: bytes of a body that comes in one piece, if it says so


class RsgiFront:
    """Takes calls from granian for an ASGI app."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __rsgi__(self, scope: RsgiScope, protocol: HTTPProtocol) -> None:
        """Answer one call."""
        if scope.proto != "http":
            return
        headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in scope.headers.items()
        ]
        exchange = _Exchange(protocol, headers)
        asked = {
            "type": "http",
            "http_version": "1.1",
            "method": scope.method,
            "path": scope.path,
            "query_string": scope.query_string.encode(),
            "headers": headers,
        }
        await self._app(asked, exchange.receive, exchange.send)


class _Exchange:
    """One call: its body on the way in, its answer on the way out."""

    __slots__ = ("_blocks", "_headers", "_is_read", "_protocol", "_start", "_stream")

    def __init__(self, protocol: HTTPProtocol, headers: list[tuple[bytes, bytes]]) -> None:
        self._protocol = protocol
        self._headers = headers
        self._blocks: Any = None
        self._is_read = False
        self._start: MutableMapping[str, Any] = {}
        self._stream: Any = None

    async def receive(self) -> MutableMapping[str, Any]:
        """Return the next part of the body; when there is no more, wait for the caller to leave."""
        if self._is_read:
            await self._protocol.client_disconnect()
            return _GONE
        try:
            return await self._next()
        except (ProtocolClosed, ProtocolError):
            return _GONE

    async def _next(self) -> MutableMapping[str, Any]:
        if self._blocks is None:
            if self._is_small():
                body = await self._protocol()
                self._is_read = True
                return {"type": "http.request", "body": body, "more_body": False}
            self._blocks = aiter(self._protocol)
        try:
            # anext() with a default crashes Python 3.11 here
            block = await self._blocks.__anext__()
        except StopAsyncIteration:
            self._is_read, block = True, b""
        return {"type": "http.request", "body": block, "more_body": not self._is_read}

    def _is_small(self) -> bool:
        sizes = [value for name, value in self._headers if name == b"content-length"]
        # the server has checked that it is a number
        return len(sizes) == 1 and int(sizes[0]) <= _AT_ONCE

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._stream is None:
            headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in self._start["headers"]
            ]
            headers += _OWN
            if not more:
                self._protocol.response_bytes(self._start["status"], headers, body)
                return
            self._stream = self._protocol.response_stream(self._start["status"], headers)
        if body:
            await self._stream.send_bytes(body)


def serve(
    app: AsgiApp,
    address: tuple[str, int],
    on_stop: Callable[[], None],
    *,
    keep_alive_s: float,
    grace_s: float,
    is_worker: bool = False,
) -> bool:
    """Serve `app` until SIGTERM or SIGINT; tell whether it could be served.

    What has begun then may end within `grace_s`; `on_stop` is called at once. A worker shares the
    port with others; whoever started them has looked whether it `is_free`.
    """
    if not is_worker and not is_free(address):
        return False
    server = Server(
        RsgiFront(app),
        address=address[0],
        port=address[1],
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=round(keep_alive_s * 1000), max_buffer_size=_HEAD_BYTES
        ),
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        websockets=False,
        log_enabled=False,
    )
    uvloop.run(_until_told(server, on_stop, grace_s))
    return True


def is_free(address: tuple[str, int]) -> bool:
    """Tell whether nobody listens there; granian would share the port with them."""
    try:
        socket.create_server(address).close()
    except OSError as error:
        log.error("%s:%d cannot be served: %s", *address, error)  # noqa: TRY400 - no bug of ours
        return False
    return True


async def _until_told(server: Server, on_stop: Callable[[], None], grace_s: float) -> None:
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(asked.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    on_stop()
    server.stop()
    await asyncio.wait((serving,), timeout=grace_s)
    if serving.done():
        serving.result()
