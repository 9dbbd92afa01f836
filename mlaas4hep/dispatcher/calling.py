"""One call of a function through the gateway."""

import json
import socket

import httpx

from mlaas4hep.adapters.jwt import DispatcherSigner
from mlaas4hep.core import wire
from mlaas4hep.dispatcher.verdict import Answer
from mlaas4hep.errors import InvalidRequestError, Problem

_CONNECT_S = 5.0
_READY_S = 5.0
_LONGEST_S = 600.0  #: for whatever a call does besides the longest training
_LOST = 502
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


class Caller:
    """Delivers events to `gateway/function/NAME`, each with a token for it alone."""

    def __init__(self, gateway_url: str, signer: DispatcherSigner, longest_s: float) -> None:
        self._functions = f"{gateway_url.rstrip('/')}/function"
        self._signer = signer
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(longest_s + _LONGEST_S, connect=_CONNECT_S),
            transport=httpx.AsyncHTTPTransport(
                limits=httpx.Limits(max_connections=None), socket_options=_KEEPALIVE
            ),
        )

    async def call(self, function: str, event_id: str, body: bytes, *, check: bool) -> Answer:
        """Deliver an event and return the answer; nothing is raised.

        Args:
            check: ask first whether the function is ready, and call it only then.
        """
        if check and not await self._is_ready(function):
            return Answer(status=None)
        headers = {
            "Authorization": f"Bearer {self._signer.token(function, event_id)}",
            "Content-Type": "application/cloudevents+json",
        }
        try:
            response = await self._client.post(
                f"{self._functions}/{function}", content=body, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Answer(status=None)
        except httpx.HTTPError:  # it ended in the middle
            return Answer(status=_LOST, was_ready=check)
        return Answer(
            status=response.status_code, problem=_problem(response.content), was_ready=check
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _is_ready(self, function: str) -> bool:
        try:
            response = await self._client.get(
                f"{self._functions}/{function}/_/ready", timeout=_READY_S
            )
        except httpx.HTTPError:
            return False
        return response.is_success


def _problem(body: bytes) -> Problem | None:
    """Return the problem that an answer tells, if it is one of ours."""
    try:
        return wire.load(Problem, json.dumps(json.loads(body)["error"]))
    except (ValueError, KeyError, TypeError, InvalidRequestError):
        return None
