"""One call of a function: through the gateway, or straight to its own address."""

import asyncio
import json
from collections.abc import Callable, Mapping
from enum import Enum

import aiohttp
from yarl import URL

from mlaas4hep.adapters.identity.tokens import DispatcherSigner
from mlaas4hep.core import wire
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.dispatcher.verdict import CallOutcome
from mlaas4hep.errors import InvalidRequestError, Problem
from mlaas4hep.settings import Settings, SettingsError

_READY_S = 5.0
_LONGEST_S = 600.0  #: for whatever a call does besides the longest training
_LOST = 502
_NOT_ASKED_HERE = frozenset({404, 405, 501})
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


Headers = Mapping[str, str]
Addresses = Callable[[str], URL]  #: of functions, by name


class Readiness(Enum):
    """What is answered to the question whether a function can be called."""

    READY = "ready"
    AWAY = "away"
    UNKNOWN = "unknown"  #: no such question exists there: only a call can tell


class Caller:
    """Delivers events to functions, each with a token for it alone."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        addresses: Addresses,
        signer: DispatcherSigner,
        longest_s: float,
    ) -> None:
        self._session = session
        self._addresses = addresses
        self._signer = signer
        self._longest_s = longest_s + _LONGEST_S

    async def call(
        self, function: str, event_id: str, body: bytes, *, check: bool, headers: Headers
    ) -> CallOutcome:
        """Deliver an event and return the answer; nothing is raised.

        Args:
            check: ask first whether the function is ready, and do not call it if it says no.
            headers: that came with the event.
        """
        readiness = await self._readiness(function) if check else Readiness.UNKNOWN
        if readiness is Readiness.AWAY:
            return CallOutcome(status=None)
        was_ready = readiness is Readiness.READY
        given = {
            **headers,
            "Authorization": f"Bearer {self._signer.token(function, event_id)}",
            "Content-Type": "application/cloudevents+json",
        }
        try:
            async with (
                asyncio.timeout(self._longest_s),
                self._session.post(
                    self._addresses(function),
                    data=body,
                    headers=given,
                    allow_redirects=False,
                ) as reply,
            ):
                status, content = reply.status, await reply.read()
                after = reply.headers.get("Retry-After", "")
        except _NOT_SENT:
            return CallOutcome(status=None)
        except (aiohttp.ClientError, TimeoutError):  # it ended in the middle
            return CallOutcome(status=_LOST, was_ready=was_ready)
        problem = _problem(content)
        return CallOutcome(
            status=status,
            problem=problem,
            is_over=_says_over(content),
            was_ready=was_ready,
            retry_after_s=float(after) if problem and after.isascii() and after.isdigit() else 0.0,
        )

    async def is_ready(self, function: str) -> bool:
        """Tell whether a function says that it can be called."""
        return await self._readiness(function) is Readiness.READY

    async def _readiness(self, function: str) -> Readiness:
        try:
            async with (
                asyncio.timeout(_READY_S),
                self._session.get(
                    self._addresses(function) / "_/ready", allow_redirects=False
                ) as reply,
            ):
                return _readiness(reply.status)
        except (aiohttp.ClientError, TimeoutError):
            return Readiness.AWAY


def addresses(settings: Settings) -> Addresses:
    """Return where functions are: behind the gateway, or where `MLAAS_FUNCTION_URL` says.

    Raises:
        SettingsError: an address is none; the message quotes it.
    """
    template = settings.function_url
    if not template:
        behind = _address("MLAAS_GATEWAY_URL", settings.gateway_url) / "function"
        return lambda name: behind / name
    if "{name}" not in template:
        raise SettingsError(f"MLAAS_FUNCTION_URL={template!r} has no {{name}} in it")
    _address("MLAAS_FUNCTION_URL", template.replace("{name}", "train"))
    return lambda name: URL(template.replace("{name}", name)).with_user(None)


def _readiness(status: int) -> Readiness:
    """Return what a status says; watchdogs before 0.9 and other providers do not know the path."""
    if status < 300:  # noqa: PLR2004 - HTTP
        return Readiness.READY
    return Readiness.UNKNOWN if status in _NOT_ASKED_HERE else Readiness.AWAY


def _address(variable: str, text: str) -> URL:
    """Return an address, without a person's name in it."""
    try:
        address = URL(text)
    except ValueError as error:
        raise SettingsError(f"{variable}={text!r} is no address: {error}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise SettingsError(f"{variable}={text!r} is no address such as http://HOST:8080")
    return address.with_user(None)


def _says_over(body: bytes) -> bool:
    """Tell whether an answer says that the event's run is over."""
    try:
        return json.loads(body)[cloudevents.OVER] is True
    except (ValueError, KeyError, TypeError):
        return False


def _problem(body: bytes) -> Problem | None:
    """Return the problem that an answer tells, if it is one of ours."""
    try:
        return wire.load(Problem, json.dumps(json.loads(body)["error"]))
    except (ValueError, KeyError, TypeError, InvalidRequestError):
        return None
