"""What Prometheus may ask a function at `/_/metrics`: its calls, and what it counts itself.

Whoever comes with a token is a person at a door, and is told nothing, unless it is the operator's
token for metrics: then owners are named, too.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlaas4hep.errors import ForbiddenError
from mlaas4hep.faas.asgi import Receive, Scope, Send
from mlaas4hep.faas.server.siblings import Siblings
from mlaas4hep.faas.server.turn import PromptAnswer, Request
from mlaas4hep.faas.tally import Tally

if TYPE_CHECKING:  # `exposition` brings a web server along; it is loaded when somebody asks
    from prometheus_client import CollectorRegistry

PATH = "/_/metrics"
_REFUSED = ForbiddenError(
    "metrics are the operator's",
    hint="Prometheus asks inside of the deployment, without a token or with that of MLAAS_METRICS_TOKEN_FILE",
)
_JSON = "application/json"
_REFUSAL = json.dumps({"error": _REFUSED.problem.to_json()}).encode()
CALLER_LEFT = 499  #: the status that is counted where no answer began

Level = tuple[str, str, str, float]  #: metric, what it tells, a label or "", the value now
Levels = Callable[[], Iterable[Level]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidential:
    """What only the operator is told."""

    levels: Levels = tuple
    token: str = ""  #: that the operator comes with; empty: nobody is told

    def is_for(self, authorization: bytes) -> bool:
        """Tell whether whoever sends this header is the operator."""
        wanted = f"Bearer {self.token}".encode()
        return bool(self.token) and secrets.compare_digest(authorization, wanted)


class MeteredApp:
    """An ASGI app whose calls are counted; it answers `/_/metrics` itself.

    An app that has `answered`, which answers a call and returns the status, is asked by that; one
    that has `prompt` (see `server.turn`) keeps it, and what it answers is counted, too.
    """

    def __init__(
        self,
        app: Any,
        function: str,
        levels: Levels = tuple,
        siblings: Siblings | None = None,
        confidential: Confidential | None = None,
    ) -> None:
        """Count the calls of `app`.

        Args:
            app: of the function.
            function: its name, a label of everything.
            levels: returns what else can be told at the moment it is asked.
            siblings: other processes of the function, whose counters are added to its own.
            confidential: what only the operator is told besides.
        """
        self.app = app
        self._siblings = siblings
        self._levels = levels
        if hasattr(app, "prompt"):
            self.prompt = self._prompt
        self._count = self._answering if hasattr(app, "answered") else self._watching
        self._tally = Tally(function)
        self._confidential = confidential or Confidential()
        if siblings is not None:
            siblings.answer(self._own_text)

    @property
    def registry(self) -> "CollectorRegistry":
        """What everybody inside of the deployment may be told, looked at when it is asked for."""
        return self._registry(self._levels)

    def _registry(self, *levels: Levels) -> "CollectorRegistry":
        from mlaas4hep.faas import exposition  # noqa: PLC0415 - see above

        return exposition.registry(self._tally, levels)

    def _own_text(self) -> bytes:
        from mlaas4hep.faas import exposition  # noqa: PLC0415 - see above

        return exposition.text(self.registry)

    def stop(self) -> None:
        """Tell the app that it is to end."""
        getattr(self.app, "stop", lambda: None)()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"] == PATH and scope["method"] == "GET":
            await self._tell(scope, send)
            return
        self._tally.open += 1
        try:
            await self._count(scope, receive, send)
        finally:
            self._tally.open -= 1

    def _prompt(self, requests: Sequence[Request]) -> Sequence[PromptAnswer | None]:
        started = time.perf_counter()
        answers: Sequence[PromptAnswer | None] = self.app.prompt(requests)
        took_s = time.perf_counter() - started  # each waited for all of them
        self._tally.add_all("POST", [each.status for each in answers if each is not None], took_s)
        return answers

    async def _answering(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, started = CALLER_LEFT, time.perf_counter()
        try:
            status = await self.app.answered(scope, receive, send)
        finally:
            self._tally.add(scope["method"], status, time.perf_counter() - started)

    async def _watching(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, started = CALLER_LEFT, time.perf_counter()

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            self._tally.add(scope["method"], status, time.perf_counter() - started)

    async def _tell(self, scope: Scope, send: Send) -> None:
        asked = dict(scope["headers"])
        authorization = asked.get(b"authorization")
        is_operator = authorization is not None and self._confidential.is_for(authorization)
        if authorization is not None and not is_operator:
            await _send(send, _REFUSED.status, _JSON, _REFUSAL)
            return
        accepted = asked.get(b"accept", b"").decode("latin-1")
        # levels may wait for NATS
        content_type, body = await asyncio.to_thread(self._told, accepted, is_operator)
        await _send(send, 200, content_type, body)

    def _told(self, accepted: str, is_operator: bool) -> tuple[str, bytes]:
        """Return what this process and its siblings have counted, and what form that has."""
        from mlaas4hep.faas import exposition  # noqa: PLC0415 - see above

        of_operator = (self._confidential.levels,) if is_operator else ()
        registry = self._registry(self._levels, *of_operator)
        others = None if self._siblings is None else self._siblings.texts()
        return exposition.told(registry, others, accepted)


async def _send(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
