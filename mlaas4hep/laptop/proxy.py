"""From a request at the gateway to the function behind it, and back, without holding bodies."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from mlaas4hep.errors import Problem
from mlaas4hep.faas.asgi import Receive, Scope, Send
from mlaas4hep.faas.bodies import Bodies, ClientGoneError, Pace, SlowBodyError
from mlaas4hep.faas.headers import ALWAYS
from mlaas4hep.faas.http import Headers, end_to_end
from mlaas4hep.laptop.functions import DeployedFunction

log = logging.getLogger(__name__)

START_S = 30.0  #: a call waits this long for a function that is just starting
SMALL_BYTES = 256 * 1024  #: bodies up to this size are collected and sent with the head
_BLOCK = 64 * 1024
_OURS = frozenset((b"date", b"server", b"x-call-id", b"x-start-time", b"x-duration-seconds"))
#: The gateway's own server writes them.
_AGAIN = frozenset((name.encode(), value.encode()) for name, value in ALWAYS)


class Proxy:
    """Forwards calls as OpenFaaS's gateway does, with its headers and its 502, 503 and 504."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        timeout_s: float,
        start_s: float = START_S,
        bodies: Bodies | None = None,
    ) -> None:
        self._bodies = bodies or Bodies()
        self._session = session
        self._timeout_s = timeout_s
        self._start_s = start_s

    async def forward(
        self, function: DeployedFunction, path: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one HTTP request with what `function` says to it under `path`."""
        request = Incoming(scope, receive)
        answer = Outgoing(function, request, send)
        try:
            async with asyncio.timeout(self._start_s):
                await function.ready.wait()
        except TimeoutError:
            await answer.refuse(503, "not_ready", f"function {function.name} is not ready")
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._exchange(function, path, request, answer)
        except TimeoutError:
            await answer.refuse(504, "timeout", f"function {function.name} took too long")
        except (aiohttp.ClientError, ValueError) as error:  # ValueError: it does not speak HTTP
            if request.is_gone:
                return
            log.warning("%s: %s", function.name, error or type(error).__name__)
            await answer.refuse(502, "bad_gateway", f"function {function.name} does not answer")
        except SlowBodyError as error:
            await answer.refuse(error.status, error.code, str(error))
        except ClientGoneError:
            return

    async def _exchange(
        self, function: DeployedFunction, path: bytes, request: "Incoming", answer: "Outgoing"
    ) -> None:
        """Send the request and relay the answer."""
        async with self._session.request(
            request.method,
            URL(f"{function.url}{request.target(path)}", encoded=True),
            headers=[(name.decode(), value.decode()) for name, value in request.headers],
            data=await request.body(self._bodies.pace()),
            allow_redirects=False,
        ) as reply:
            await answer.relay(reply, request)


class Incoming:
    """One request of a client, as it is passed on."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        given = scope["headers"]
        self.method: str = scope["method"]
        self.is_gone = False  #: the client hung up before its body was complete
        self._query: bytes = scope["query_string"]
        self._receive = receive
        self._size = next((int(value) for name, value in given if name == b"content-length"), None)
        self._is_chunked = any(name == b"transfer-encoding" for name, _ in given)
        known = [value for name, value in given if name == b"x-call-id"]
        self.marks: Headers = [
            (b"x-call-id", known[0] if known else str(uuid.uuid4()).encode()),
            (b"x-start-time", str(time.time_ns()).encode()),
        ]
        own = {name for name, _ in self.marks}
        self.headers = [each for each in end_to_end(given) if each[0] not in own] + self.marks

    def target(self, path: bytes) -> str:
        """Return path and query as they came."""
        return (path + b"?" + self._query if self._query else path).decode()

    async def body(self, pace: Pace) -> bytes | AsyncIterator[bytes] | None:
        """Return a small body, or what yields a large one; its length is what the client sends.

        Raises:
            SlowBodyError: a small one comes too slowly. Of a large one the function says so.
        """
        if self._size is None:
            return self._blocks() if self._is_chunked else None
        if self._size <= SMALL_BYTES:
            return await self._collected(pace)
        self.headers.append((b"content-length", b"%d" % self._size))
        return self._blocks()

    async def _collected(self, pace: Pace) -> bytes:
        blocks, more = [], True
        while more:
            block, more = await pace.block(self._receive)
            blocks.append(block)
        return b"".join(blocks)

    async def _blocks(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.is_gone = True
                raise ClientGoneError
            if block := message.get("body", b""):
                yield block
            more = message.get("more_body", False)

    async def until_gone(self) -> None:
        """Return when the client has hung up; only after its body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Outgoing:
    """The answer to one request."""

    def __init__(self, function: DeployedFunction, request: Incoming, send: Send) -> None:
        self._function = function
        self._marks = request.marks
        self._send = send
        self._started = time.perf_counter()
        self._has_begun = False

    async def relay(self, reply: aiohttp.ClientResponse, request: Incoming) -> None:
        """Pass on what the function says, until it or the client ends."""
        headers = [(name.lower(), value) for name, value in reply.raw_headers]
        kept = end_to_end(headers)
        size = reply.content_length
        if size is not None:
            kept.append((b"content-length", b"%d" % size))
        await self._head(reply.status, kept)
        if size is not None and size <= SMALL_BYTES:
            await self._send({"type": "http.response.body", "body": await reply.read()})
            return
        relaying = asyncio.create_task(self._body(reply))
        leaving = asyncio.create_task(request.until_gone())
        try:
            await asyncio.wait({relaying, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not relaying.done():
                raise ClientGoneError
            await relaying
        finally:
            await _cancelled(relaying, leaving)

    async def refuse(self, status: int, code: str, message: str) -> None:
        """Say what is wrong, or break the connection off when the answer has begun."""
        if self._has_begun:
            return  # an answer without its end makes the server close the connection
        problem = Problem(code=code, message=message, hint="try again later")
        content = json.dumps({"error": problem.to_json()}).encode()
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await self._head(status, [*headers, (b"content-length", b"%d" % len(content))])
        await self._send({"type": "http.response.body", "body": content})

    async def _head(self, status: int, headers: Headers) -> None:
        took = time.perf_counter() - self._started
        self._function.count(status, took)
        own = [*self._marks, (b"x-duration-seconds", b"%.6f" % took)]
        kept = [each for each in headers if each[0] not in _OURS and each not in _AGAIN]
        await self._send({"type": "http.response.start", "status": status, "headers": kept + own})
        self._has_begun = True

    async def _body(self, reply: aiohttp.ClientResponse) -> None:
        async for block in reply.content.iter_any():
            await self._send({"type": "http.response.body", "body": block, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
