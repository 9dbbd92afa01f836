"""One call of a function through the gateway."""

import asyncio
import json
import ssl
from urllib.parse import urlsplit

from mlaas4hep.adapters.identity.tokens import DispatcherSigner
from mlaas4hep.core import wire
from mlaas4hep.dispatcher.verdict import Answer
from mlaas4hep.errors import InvalidRequestError, Problem
from mlaas4hep.faas.http1 import NobodyListensError, Upstream, UpstreamError

_READY_S = 5.0
_LONGEST_S = 600.0  #: for whatever a call does besides the longest training
_LOST = 502
_PORTS = {"http": 80, "https": 443}


class Caller:
    """Delivers events to `gateway/function/NAME`, each with a token for it alone."""

    def __init__(self, gateway_url: str, signer: DispatcherSigner, longest_s: float) -> None:
        parts = urlsplit(gateway_url)
        host = parts.hostname or "127.0.0.1"
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._gateway = Upstream(parts.port or _PORTS[parts.scheme], host, tls)
        self._host = parts.netloc.rpartition("@")[2].encode()
        self._functions = parts.path.rstrip("/").encode() + b"/function/"
        self._signer = signer
        self._longest_s = longest_s + _LONGEST_S

    async def call(self, function: str, event_id: str, body: bytes, *, check: bool) -> Answer:
        """Deliver an event and return the answer; nothing is raised.

        Args:
            check: ask first whether the function is ready, and call it only then.
        """
        if check and not await self._is_ready(function):
            return Answer(status=None)
        headers = [
            (b"authorization", b"Bearer " + self._signer.token(function, event_id).encode()),
            (b"content-type", b"application/cloudevents+json"),
            (b"content-length", b"%d" % len(body)),
        ]
        try:
            status, content = await self._exchange(
                b"POST", function.encode(), headers, body, self._longest_s
            )
        except NobodyListensError:
            return Answer(status=None)
        except (UpstreamError, TimeoutError):  # it ended in the middle
            return Answer(status=_LOST, was_ready=check)
        return Answer(status=status, problem=_problem(content), was_ready=check)

    def close(self) -> None:
        """Close the connections."""
        self._gateway.close()

    async def _is_ready(self, function: str) -> bool:
        try:
            status, _ = await self._exchange(
                b"GET", function.encode() + b"/_/ready", [], b"", _READY_S
            )
        except (UpstreamError, TimeoutError):
            return False
        return status < 300  # noqa: PLR2004 - HTTP

    async def _exchange(
        self,
        method: bytes,
        path: bytes,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        timeout_s: float,
    ) -> tuple[int, bytes]:
        with_host = [(b"host", self._host), *headers]
        async with (
            asyncio.timeout(timeout_s),
            self._gateway.call(method, self._functions + path, with_host, body) as reply,
        ):
            return reply.status, b"".join([block async for block in reply.body])


def _problem(body: bytes) -> Problem | None:
    """Return the problem that an answer tells, if it is one of ours."""
    try:
        return wire.load(Problem, json.dumps(json.loads(body)["error"]))
    except (ValueError, KeyError, TypeError, InvalidRequestError):
        return None
