"""The token that goes with a call."""

from collections.abc import Mapping
from typing import Any

import httpx2

from mlaas4hep.client.connections.moves import Exchange
from mlaas4hep.client.connections.tokens import OneToken, Tokens

TIMEOUT_S, CONNECT_S = 60.0, 10.0


class Bearer:
    """Remembers with which token was asked last, so that one that is refused is replaced once."""

    def __init__(self, token: str | Tokens) -> None:
        self._tokens: Tokens = OneToken(token) if isinstance(token, str) else token
        self._last = ""

    def current(self) -> str:
        """Return the token for the next call; empty: none."""
        self._last = self._tokens.current()
        return self._last

    def renew(self) -> bool:
        """Tell whether there is another token than the one that was refused."""
        return self._tokens.after(self._last) is not None


def marked(ask: Exchange, token: str) -> dict[str, Any]:
    """Return what a request is made with: the exchange's own, and the token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if ask.target is not None:
        headers["Accept-Encoding"] = "identity"  # what is written is what was announced
    return {**ask.given, "headers": {**headers, **ask.given.get("headers", {})}}


def all_headers(response: httpx2.Response) -> tuple[Mapping[str, str], ...]:
    """Return the headers of an answer, and of those that led to it."""
    return tuple(each.headers for each in (response, *reversed(response.history)))
