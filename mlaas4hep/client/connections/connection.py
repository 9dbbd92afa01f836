"""A connection that makes moves one after the other: what `Client` stands on."""

import time
from collections.abc import Callable
from typing import Any

import httpx2

from mlaas4hep.client.connections.attempts import RETRIES
from mlaas4hep.client.connections.bearer import CONNECT_S, TIMEOUT_S, Bearer, all_headers, marked
from mlaas4hep.client.connections.moves import Exchange, Form, Move, Pause, TokenRefusal, Work
from mlaas4hep.client.connections.proxies import DIRECT
from mlaas4hep.client.connections.tokens import Tokens
from mlaas4hep.client.files import CountedFile, FileDownload


class Connection:
    """HTTP to one deployment with one token."""

    def __init__(
        self,
        token: str | Tokens = "",
        *,
        timeout_s: float = TIMEOUT_S,
        retries: int = RETRIES,
        transport: httpx2.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect to nothing yet.

        Args:
            token: one that stays, or where the current one comes from.
            retries: how often a call is repeated.
            transport: httpx2's, for tests and special networks.
            pause: waits some seconds.
        """
        self.retries = retries
        self.pause = pause
        self._bearer = Bearer(token)
        self._transport = transport
        self._http = httpx2.Client(
            timeout=httpx2.Timeout(timeout_s, connect=CONNECT_S),
            transport=transport,
            mounts=DIRECT,
            follow_redirects=True,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def make(self, move: Move) -> Any:
        """Make a move, and return what became of it.

        Raises:
            httpx2.TransportError: the network fails.
            CutOffError: an answer is not what it was announced to be.
            UnauthenticatedError: the token ended, and there is no other.
        """
        match move:
            case Exchange():
                return self._exchange(move)
            case Form():
                return self._post_form(move)
            case Pause():
                return self.pause(move.seconds)
            case Work():
                return move.function()
            case TokenRefusal():
                return self._bearer.renew()

    def _exchange(self, ask: Exchange) -> httpx2.Response:
        given = marked(ask, self._bearer.current())
        content = ask.body() if ask.body else None
        if ask.target is None:
            return self._http.request(ask.method, ask.url, content=content, **given)
        with self._http.stream(ask.method, ask.url, **given) as response:
            if response.is_success:
                with FileDownload(ask.target, ask.on_bytes) as writing:
                    for piece in response.iter_raw(writing.block):
                        writing.add(piece)
                    writing.finish(*all_headers(response))
            else:
                response.read()
        return response

    def _post_form(self, form: Form) -> httpx2.Response:
        with (
            form.file.open("rb") as content,
            httpx2.Client(transport=self._transport, mounts=DIRECT) as http,
        ):
            counted = CountedFile(content, form.on_bytes)
            return http.post(
                form.url,
                data=dict(form.fields),
                files={"file": counted},
                timeout=self._http.timeout,
            )
