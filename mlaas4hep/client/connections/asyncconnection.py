"""A connection that awaits its moves: what `AsyncClient` stands on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx2

from mlaas4hep.client.connections.attempts import RETRIES
from mlaas4hep.client.connections.bearer import CONNECT_S, TIMEOUT_S, Bearer, all_headers, marked
from mlaas4hep.client.connections.moves import Exchange, Form, Move, Pause, TokenRefusal, Work
from mlaas4hep.client.connections.proxies import DIRECT
from mlaas4hep.client.connections.tokens import Tokens
from mlaas4hep.client.files import CountedFile, FileDownload


class AsyncConnection:
    """HTTP to one deployment with one token, from one event loop.

    Files are read and written in threads, so that the loop goes on.
    """

    def __init__(
        self,
        token: str | Tokens = "",
        *,
        timeout_s: float = TIMEOUT_S,
        retries: int = RETRIES,
        transport: httpx2.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Connect to nothing yet; the arguments are those of `Connection`."""
        self.retries = retries
        self.pause = pause
        self._bearer = Bearer(token)
        self._timeout = httpx2.Timeout(timeout_s, connect=CONNECT_S)
        self._http = httpx2.AsyncClient(
            timeout=self._timeout, transport=transport, mounts=DIRECT, follow_redirects=True
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def make(self, move: Move) -> Any:
        """Make a move, and return what became of it; raises what `Connection.make` does."""
        match move:
            case Exchange():
                return await self._exchange(move)
            case Form():  # once in a large upload: not worth a second way to send forms
                return await asyncio.to_thread(self._post_form, move)
            case Pause():
                return await self.pause(move.seconds)
            case Work():
                return await asyncio.to_thread(move.function)
            case TokenRefusal():
                return await asyncio.to_thread(self._bearer.renew)

    async def _exchange(self, ask: Exchange) -> httpx2.Response:
        given = marked(ask, await asyncio.to_thread(self._bearer.current))
        content = _awaited(ask.body()) if ask.body else None
        if ask.target is None:
            return await self._http.request(ask.method, ask.url, content=content, **given)
        async with self._http.stream(ask.method, ask.url, **given) as response:
            if response.is_success:
                with FileDownload(ask.target, ask.on_bytes) as writing:
                    async for piece in response.aiter_raw(writing.block):
                        await asyncio.to_thread(writing.add, piece)
                    await asyncio.to_thread(writing.finish, *all_headers(response))
            else:
                await response.aread()
        return response

    def _post_form(self, form: Form) -> httpx2.Response:
        with form.file.open("rb") as content, httpx2.Client(mounts=DIRECT) as http:
            counted = CountedFile(content, form.on_bytes)
            return http.post(
                form.url, data=dict(form.fields), files={"file": counted}, timeout=self._timeout
            )


async def _awaited(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield blocks that are read in a thread."""
    while block := await asyncio.to_thread(next, blocks, b""):
        yield block
