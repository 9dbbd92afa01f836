"""Ranges of files over HTTP: redirects that are checked, deadlines, and few tries."""

import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import httpcore
import httpx

from mlaas4hep.adapters.sources.places.place import Span, shown
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.network import CheckedNetwork
from mlaas4hep.adapters.sources.places.web.response import Response, failure
from mlaas4hep.errors import InvalidRequestError, MlaasError, ServiceUnavailableError

MAX_REDIRECTS = 5
PATIENCE_S = 60.0  #: for a server that says when to come again
PAUSES_S = (0.5, 1.5)  #: before the second and the third try
SILENCE_S = 15.0  #: without a byte; three tries end within a minute
SLOWEST = 50_000  #: bytes a second, after the time that silence may last
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TIMEOUTS = ("connect", "read", "write", "pool")
_GOOD = frozenset({200, 206, 416})


class WebClient:
    """Asks web servers that the policy allows; any number of threads may use it."""

    def __init__(
        self,
        policy: ServerPolicy,
        silence_s: float = SILENCE_S,
        address: Callable[[str], str] = str,
    ) -> None:
        """Make a client; `address` turns what a person wrote into what the server is asked."""
        self._policy = policy
        self._address = address
        self._silence_s = silence_s
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=32,
            keepalive_expiry=15.0,
            network_backend=CheckedNetwork(policy),
        )
        weakref.finalize(self, self._pool.close)

    def get(self, url: str, span: Span) -> Response:
        """Return what a server answers to the question for a range; at most so much is read.

        Raises:
            InvalidRequestError: there is no such file, or the server makes no sense.
            ForbiddenError: the policy is against it.
            ServiceUnavailableError: it does not answer, or not well, also when asked again.
        """
        patience_ends = time.monotonic() + PATIENCE_S
        pauses = iter(PAUSES_S)
        while True:
            answer, error = self._try(url, span)
            if answer is not None and answer.status in _GOOD:
                return answer
            pause = next(pauses, None)
            if answer is not None and answer.retry_after_s is not None:
                pause = answer.retry_after_s if answer.may_heal else None
            if pause is None or time.monotonic() + pause > patience_ends:
                raise error
            if not isinstance(error, ServiceUnavailableError):
                raise error
            threading.Event().wait(pause)

    def _try(self, url: str, span: Span) -> tuple[Response | None, MlaasError]:
        """Return the answer of one try, and the error that it is if it is no good."""
        try:
            answer = self._followed(url, span)
        except ServiceUnavailableError as error:
            return None, error
        return answer, answer.error()

    def _followed(self, url: str, span: Span) -> Response:
        """Return the first answer that is no redirect."""
        at = _parsed(url, self._address(url))
        for _ in range(MAX_REDIRECTS + 1):
            self._policy.check_url(str(at))
            answer = self._asked(url, at, span)
            if answer.status not in _REDIRECTS:
                return answer
            location = answer.headers.get("location", "")
            if not location:
                raise answer.nonsense("sends us elsewhere, but not where")
            at = _parsed(url, location, at)
        raise InvalidRequestError(
            f"{shown(url)}: the server sends us elsewhere more than {MAX_REDIRECTS} times",
            hint="write the URL at which the file lies",
        )

    def _asked(self, url: str, at: httpx.URL, span: Span) -> Response:
        start, stop = span
        answered = False
        deadline = time.monotonic() + self._silence_s + (stop - start) / SLOWEST
        try:
            with self._pool.stream(
                "GET",
                httpcore.URL(
                    scheme=at.raw_scheme, host=at.raw_host, port=at.port, target=at.raw_path
                ),
                headers=[
                    ("Host", at.netloc),
                    ("Range", f"bytes={start}-{stop - 1}"),
                    ("Accept-Encoding", "identity"),
                    ("User-Agent", "mlaas4hep"),
                ],
                extensions={"timeout": dict.fromkeys(_TIMEOUTS, self._silence_s)},
            ) as response:
                answered = True
                data, whole = _read(response.iter_stream(), stop - start, deadline)
                return Response(
                    url=url,
                    status=response.status,
                    headers={
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in response.headers
                    },
                    data=data,
                    whole=whole,
                )
        except (
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            ssl.SSLError,
            OSError,
        ) as error:
            raise failure(url, error, answered=answered) from error


def _read(stream: Iterator[bytes], limit: int, deadline: float) -> tuple[bytes, bool]:
    """Return at most `limit` bytes, and whether that was all."""
    parts: list[bytes] = []
    size = 0
    for part in stream:
        parts.append(part[: limit - size])
        size += len(parts[-1])
        if len(parts[-1]) < len(part):
            return b"".join(parts), False
        if time.monotonic() > deadline:
            raise httpcore.ReadTimeout
    return b"".join(parts), True


def _parsed(url: str, text: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        found = base.join(text) if base is not None else httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidRequestError(
            f"{shown(url)} is not a URL, or leads to one that is none"
        ) from error
    if found.scheme not in ("http", "https") or not found.host or found.userinfo:
        raise InvalidRequestError(
            f"{shown(url)}: this is, or leads to, something else than a file on a web server"
        )
    return found
