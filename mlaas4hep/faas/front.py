"""The ASGI front of a Flask app: what takes long holds no thread.

The event loop reads bodies, sends answers and serves streams; a thread is held only while Flask
computes. A handler that has more to say than it can compute puts one of these into the WSGI
environment, and returns:

- `STREAM`: an asynchronous iterator, whose blocks follow the response's headers;
- `AFTER`: a coroutine; when it is done the handler is called again, with `IS_AGAIN`.

Ours and not a2wsgi, because that holds a thread for each slow upload, download and stream.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any
from weakref import WeakValueDictionary

import flask

from mlaas4hep.faas.asgi import Receive, Scope, Send, lifespan
from mlaas4hep.faas.bodies import Admission, Bodies, ClientGoneError, Spool
from mlaas4hep.faas.csrf import check_cookie
from mlaas4hep.faas.environ import environ
from mlaas4hep.faas.headers import check_headers
from mlaas4hep.faas.metrics import Levels
from mlaas4hep.faas.problems import failure
from mlaas4hep.faas.underway import TooManyError, UnderWay

STREAM, AFTER, IS_AGAIN = "mlaas.stream", "mlaas.after", "mlaas.is_again"
THREADS = 32
_AT_ONCE = 256 * 1024  #: bytes of an answer that are made before the first are sent
_HEALTH = "/_/health"
_BODILESS = ("GET", "HEAD", "DELETE", "OPTIONS")

_SHARES = 4  #: one caller has at most this part of the threads

Admit = Callable[[Scope], Awaitable[Admission]]  #: raises if the body is not wanted
Caller = Callable[[Scope], Awaitable[str]]


async def nobody(_scope: Scope) -> str:
    """Name no caller: all share their threads."""
    return ""


@dataclass(kw_only=True)
class _Start:
    """What Flask answers: status, headers, and the body as far as it is made."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    blocks: Iterator[bytes] = field(default_factory=lambda: iter(()))
    is_whole: bool = False  #: `blocks` need no thread any more
    close: Callable[[], None] = lambda: None


class Front:
    """One Flask app as an ASGI app."""

    def __init__(
        self,
        app: flask.Flask,
        admit: Admit,
        *,
        threads: int = THREADS,
        bodies: Bodies | None = None,
        under_way: UnderWay | None = None,
        on_stop: Callable[[], None] = lambda: None,
        caller: Caller = nobody,
        levels: Levels = tuple,
        owner_levels: Levels = tuple,
    ) -> None:
        """Take the app, and what decides about bodies before they are read.

        Args:
            threads: that run the app's own code.
            bodies: reads those of requests; with the usual patience, if not given.
            under_way: counts requests and streams of each caller; the usual number, if not given.
            on_stop: ends the streams; called when the server is told to stop.
            caller: names who calls; nobody has more than a share of the threads at once.
            levels: what Prometheus is told besides the calls.
            owner_levels: what it is told besides where it comes with the operator's token.
        """
        self.app = app
        self.stop = on_stop
        self.levels = levels
        self.owner_levels = owner_levels
        self._admit = admit
        self._bodies = bodies or Bodies()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=app.name)
        self._caller = caller
        self._of_caller = max(1, threads // _SHARES)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._under_way = under_way or UnderWay()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            close = partial(self._pool.shutdown, wait=False, cancel_futures=True)
            await lifespan(receive, send, close)
            return
        if scope["path"] == _HEALTH and scope["method"] == "GET":  # whatever the threads do
            await _send(send, 200, {"status": "healthy"})
            return
        with suppress(ClientGoneError):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_headers(scope)
            check_cookie(scope)
            spool = await self._body(scope, receive)
        except ClientGoneError:
            raise
        except Exception as error:  # noqa: BLE001 - the outermost loop: the server must go on
            await _refuse(send, error)
            return
        with spool:
            name = await self._caller(scope)
            try:
                with self._under_way.place(name):
                    turn = self._turn(name)
                    await self._pass_on(environ(scope, spool), turn, receive, send)
            except TooManyError as error:
                await _refuse(send, error)

    def _turn(self, name: str) -> asyncio.Semaphore:
        turn = self._turns.get(name)
        if turn is None:
            turn = self._turns[name] = asyncio.Semaphore(self._of_caller)
        return turn

    async def _body(self, scope: Scope, receive: Receive) -> Spool:
        if scope["method"] in _BODILESS and not _announces_body(scope):
            return Spool()
        return await self._bodies.read(receive, await self._admit(scope))

    async def _pass_on(
        self, env: dict[str, Any], turn: asyncio.Semaphore, receive: Receive, send: Send
    ) -> None:
        gone = asyncio.ensure_future(_hang_up(receive))
        try:
            start = await self._in_turn(turn, self._run, env)
            if (after := env.pop(AFTER, None)) is not None:
                start.close()
                await _unless(gone, after)
                env["wsgi.input"].seek(0)
                start = await self._in_turn(turn, self._run, env | {IS_AGAIN: True})
            await self._respond(start, env.get(STREAM), gone, send)
        finally:
            gone.cancel()

    async def _respond(
        self,
        start: _Start,
        stream: AsyncIterator[bytes] | None,
        gone: "asyncio.Future[None]",
        send: Send,
    ) -> None:
        blocks, headers = self._blocks(start), start.headers
        if stream is not None:
            blocks = stream
            headers = [each for each in headers if each[0] != b"content-length"]
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": start.status,
                    "headers": headers,
                }
            )
            while (block := await _unless(gone, anext(blocks, None))) is not None:
                await send({"type": "http.response.body", "body": block, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await blocks.aclose()  # type: ignore[attr-defined]
            await self._in_thread(start.close)

    async def _blocks(self, start: _Start) -> AsyncIterator[bytes]:
        while True:
            if start.is_whole:
                block = next(start.blocks, None)
            else:
                block = await self._in_thread(next, start.blocks, None)
            if block is None:
                return
            yield block

    def _run(self, env: dict[str, Any]) -> _Start:
        """Let Flask answer, in a thread; a small body is made at once."""
        start = _Start()

        def started(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
            start.status = int(status.partition(" ")[0])
            start.headers = [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ]

        made = self.app.wsgi_app(env, started)  # type: ignore[arg-type]
        start.close = getattr(made, "close", lambda: None)
        if env.get("REQUEST_METHOD") != "HEAD":
            start.blocks, start.is_whole = _first(made)
        else:
            start.is_whole = True
        return start

    async def _in_turn(self, turn: asyncio.Semaphore, work: Callable[..., Any], *args: Any) -> Any:
        """Do it in a thread as soon as the caller has one free; who waits holds none."""
        async with turn:
            return await self._in_thread(work, *args)

    async def _in_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, partial(copy_context().run, work, *args)
        )


async def _refuse(send: Send, error: Exception) -> None:
    """Answer with an error, and end the connection: a body that comes with it is not read."""
    failed = failure(error)
    headers = {**failed.headers, "Connection": "close"}
    await _send(send, failed.status, {"error": failed.problem.to_json()}, headers)


def _announces_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _first(made: Iterable[bytes]) -> tuple[Iterator[bytes], bool]:
    """Return the blocks, the first of them made; and whether these are all."""
    blocks = iter(made)
    ready: list[bytes] = []
    for block in blocks:
        ready.append(block)
        if sum(map(len, ready)) >= _AT_ONCE:
            return chain(ready, blocks), False
    return iter(ready), True


async def _hang_up(receive: Receive) -> None:
    """Return when the caller is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unless(gone: "asyncio.Future[None]", work: Awaitable[Any]) -> Any:
    """Return the result of `work`; ClientGoneError when the caller leaves before."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))  # until then a stream that it reads cannot be closed
    if task.cancelled():
        raise ClientGoneError
    return task.result()


async def _send(send: Send, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
    body = json.dumps(value).encode()
    head = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.lower().encode(), text.encode()) for name, text in head.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
