"""From a request at the gateway to the function behind it, and back, without holding bodies."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator

from mlaas4hep.errors import Problem
from mlaas4hep.faas.asgi import Receive, Scope, Send
from mlaas4hep.faas.http1 import Reply, UpstreamError
from mlaas4hep.laptop.functions import Deployed

log = logging.getLogger(__name__)

START_S = 30.0  #: a call waits this long for a function that is just starting
_OURS = (b"date", b"server", b"x-call-id", b"x-start-time", b"x-duration-seconds")
SMALL_BYTES = 256 * 1024  #: bodies up to this size are collected and sent with the head


class ClientGoneError(Exception):
    """The client hung up before its request was complete."""


class Proxy:
    """Forwards calls as OpenFaaS's gateway does, with its headers and its 502, 503 and 504."""

    def __init__(self, timeout_s: float, start_s: float = START_S) -> None:
        self._timeout_s = timeout_s
        self._start_s = start_s

    async def forward(
        self, function: Deployed, path: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one HTTP request with what `function` says to it under `path`."""
        call = _Call(function, path, scope, receive, send)
        try:
            async with asyncio.timeout(self._start_s):
                await function.ready.wait()
        except TimeoutError:
            await call.refuse(503, "not_ready", f"function {function.name} is not ready")
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await call.run()
        except TimeoutError:
            await call.refuse(504, "timeout", f"function {function.name} took too long")
        except UpstreamError as error:
            log.warning("%s: %s", function.name, error)
            await call.refuse(502, "bad_gateway", f"function {function.name} does not answer")
        except ClientGoneError:
            return


class _Call:
    """One request on its way."""

    def __init__(
        self, function: Deployed, path: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._function = function
        self._scope = scope
        self._receive = receive
        self._send = send
        self._started = time.perf_counter()
        self._answered = False
        query = scope["query_string"]
        self._target = path + b"?" + query if query else path
        self._headers = list(scope["headers"])
        given = [value for name, value in self._headers if name == b"x-call-id"]
        self._call_id = given[0] if given else str(uuid.uuid4()).encode()
        if not given:
            self._headers.append((b"x-call-id", self._call_id))
        self._start_time = str(time.time_ns()).encode()
        self._headers.append((b"x-start-time", self._start_time))

    async def run(self) -> None:
        """Send the request and relay the answer."""
        method = self._scope["method"].encode()
        body = await self._body()
        async with self._function.upstream.call(method, self._target, self._headers, body) as reply:
            await self._relay(reply)

    async def refuse(self, status: int, code: str, message: str) -> None:
        """Say what is wrong, or break the connection off when the answer has begun."""
        if self._answered:
            return  # an answer without its end makes the server close the connection
        problem = Problem(code=code, message=message, hint="try again later")
        await self._head(status, [(b"content-type", b"application/json")])
        content = json.dumps({"error": problem.to_json()}).encode()
        await self._send({"type": "http.response.body", "body": content})

    async def _body(self) -> bytes | AsyncIterator[bytes]:
        sizes = [value for name, value in self._headers if name == b"content-length"]
        if sizes:
            if int(sizes[0]) > SMALL_BYTES:
                return self._blocks()
            return b"".join([block async for block in self._blocks()])
        chunked = any(name == b"transfer-encoding" for name, _ in self._headers)
        return self._blocks() if chunked else b""

    async def _blocks(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            yield message.get("body", b"")
            more = message.get("more_body", False)

    async def _head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        took = time.perf_counter() - self._started
        self._function.count(status, took)
        own = [
            (b"x-call-id", self._call_id),
            (b"x-start-time", self._start_time),
            (b"x-duration-seconds", b"%.6f" % took),
        ]
        kept = [header for header in headers if header[0] not in _OURS]
        await self._send({"type": "http.response.start", "status": status, "headers": kept + own})
        self._answered = True

    async def _relay(self, reply: Reply) -> None:
        await self._head(reply.status, reply.headers)
        if reply.size_bytes is not None and reply.size_bytes <= SMALL_BYTES:
            content = b"".join([block async for block in reply.body])
            await self._send({"type": "http.response.body", "body": content})
            return
        relaying = asyncio.create_task(self._relay_body(reply))
        leaving = asyncio.create_task(self._until_gone())
        try:
            await asyncio.wait({relaying, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not relaying.done():
                raise ClientGoneError
            await relaying
        finally:
            await _cancelled(relaying, leaving)

    async def _relay_body(self, reply: Reply) -> None:
        async for block in reply.body:
            await self._send({"type": "http.response.body", "body": block, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
