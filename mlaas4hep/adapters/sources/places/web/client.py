"""Ranges of files over HTTP: redirects that are checked, deadlines, and few tries.

With urllib3, because httpx2 takes five times the processor time for a range.
"""

import io
import time
import weakref
from collections.abc import Callable
from contextlib import closing

import httpx2
import urllib3
from urllib3.exceptions import HTTPError

from mlaas4hep.adapters.sources.places.place import Span, shown
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.answer import SLOWEST
from mlaas4hep.adapters.sources.places.web.network import checked_pools
from mlaas4hep.adapters.sources.places.web.pace import Paces, TooSlowError
from mlaas4hep.adapters.sources.places.web.response import (
    TOO_MANY,
    Response,
    RestingError,
    SilentError,
    failure,
    too_slow,
)
from mlaas4hep.adapters.sources.places.web.rests import Rests
from mlaas4hep.core.backoff import backoff_s
from mlaas4hep.core.harmless import harmless
from mlaas4hep.errors import (
    ForbiddenError,
    InvalidRequestError,
    MlaasError,
    ServiceUnavailableError,
)

MAX_REDIRECTS = 5
PATIENCE_S = 60.0  #: for a server that says when to come again
PAUSES_S = (0.5, 1.5)  #: before the second and the third try
SILENCE_S = 15.0  #: without a byte; who waited that long is told, and asks again later
PIECE_BYTES = 128 * 1024  #: that are taken at once of a body whose length is not told
ROOM_BYTES = 4 * 1024**2  #: that are made room for if it is told, before its first byte has come
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GOOD = frozenset({200, 206, 416})


class WebClient:
    """Asks web servers that the policy allows; any number of threads may use it."""

    def __init__(
        self,
        policy: ServerPolicy,
        silence_s: float = SILENCE_S,
        address: Callable[[str], str] = str,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """Make a client.

        Args:
            policy: which servers may be asked.
            silence_s: how long one may say nothing.
            address: turns what a person wrote into what the server is asked.
            clock: seconds on a clock that only goes forward.
            pause: waits for so many seconds before another try.
        """
        self._clock, self._pause = clock, pause
        self._rests = Rests(clock)
        self._paces = Paces(clock)
        self._policy = policy
        self._address = address
        self._silence_s = silence_s
        self._pools = checked_pools(policy)
        weakref.finalize(self, self._pools.clear)

    def get(self, url: str, span: Span, *, once: bool = False) -> Response:
        """Return what a server answers to the question for a range; at most so much is read.

        Args:
            url: of the file.
            span: bytes [start, stop); [-n, 0) are the last n of a file of any size.
            once: it is not asked again if it does not answer well.

        Raises:
            InvalidRequestError: there is no such file, or the server makes no sense.
            ForbiddenError: the policy is against it.
            SilentError: it says nothing, or this file comes too slowly; it is not asked again.
            ServiceUnavailableError: it does not answer, or not well, also when asked again.
        """
        patience_ends = self._clock() + PATIENCE_S
        failed = 0
        while True:
            answer, error = self._try(url, span)
            if answer is not None and answer.status in _GOOD:
                return answer
            pause = _pause_s(answer, error, failed)
            if once or pause is None or self._clock() + pause > patience_ends:
                raise error
            if not isinstance(error, ServiceUnavailableError):
                raise error
            self._pause(pause)
            failed += 1

    def _try(self, url: str, span: Span) -> tuple[Response | None, MlaasError]:
        """Return the answer of one try, and the error that it is if it is no good."""
        try:
            with self._paces.asking(url) as answered:
                answer = self._followed(url, span)
                answered(len(answer.data))
        except TooSlowError:
            raise too_slow(url) from None
        except SilentError:
            raise
        except ServiceUnavailableError as error:
            return None, error
        return answer, answer.error()

    def _followed(self, url: str, span: Span) -> Response:
        """Return the first answer that is no redirect; all of them share one deadline."""
        at = _parsed(url, self._address(url))
        deadline = time.monotonic() + self._silence_s + (span[1] - span[0]) / SLOWEST
        for hop in range(MAX_REDIRECTS + 1):
            self._check(url, at, hop)
            answer = self._asked_in_time(url, at, span, deadline)
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

    def _check(self, url: str, at: httpx2.URL, hop: int) -> None:
        """Refuse a server that the policy is against; of a redirect no more is told than its host."""
        try:
            self._policy.check_url(str(at))
        except ForbiddenError as error:
            if not hop:
                raise
            raise ForbiddenError(
                f"{shown(url)}: the server sends us to {at.scheme}://{harmless(at.host)},"
                " from where files may not come",
                hint=error.problem.hint or "write the URL at which the file lies",
            ) from error

    def _asked_in_time(self, url: str, at: httpx2.URL, span: Span, deadline: float) -> Response:
        """Ask a server, unless it wants to be left alone: it may have said so of another file.

        Raises:
            RestingError: it does.
        """
        server = f"{at.scheme}://{at.netloc.decode()}"
        left_s = self._rests.left_s(server)
        if left_s:
            raise RestingError(url, left_s)
        answer = self._request(url, at, span, deadline)
        if answer.status == TOO_MANY and answer.retry_after_s:
            self._rests.wants(server, answer.retry_after_s)
        return answer

    def _request(self, url: str, at: httpx2.URL, span: Span, deadline: float) -> Response:
        start, stop = span
        answered = False
        try:
            if time.monotonic() > deadline:  # servers before it took all of the time
                raise TimeoutError
            server = self._pools.connection_from_host(at.raw_host.decode(), at.port, at.scheme)
            response = server.urlopen(
                "GET",
                at.raw_path.decode("ascii"),
                headers={
                    "Host": at.netloc.decode(),
                    "Range": f"bytes={start}-{stop - 1}" if start >= 0 else f"bytes={start}",
                    "Accept-Encoding": "identity",
                    "User-Agent": "mlaas4hep",
                },
                timeout=self._silence_s,
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
            )
            answered = True
            with closing(response):
                data, whole = _read(response, stop - start, deadline)
        except (HTTPError, OSError) as error:
            raise failure(url, error, answered=answered) from error
        return Response(
            url=url,
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            data=data,
            whole=whole,
        )


def _pause_s(answer: Response | None, error: MlaasError, failed: int) -> float | None:
    """Return how long to wait before the next try here; None: whoever asks tries again later.

    A server that says when to come again, but never means it, is asked less and less often.
    """
    if isinstance(error, RestingError):
        return error.retry_after_s
    asked_s = answer.retry_after_s if answer is not None and answer.may_heal else None
    if asked_s is None:
        return PAUSES_S[failed] if failed < len(PAUSES_S) else None
    return max(asked_s, backoff_s(failed, first_s=PAUSES_S[0], longest_s=PATIENCE_S))


def _read(response: urllib3.BaseHTTPResponse, limit: int, deadline: float) -> tuple[bytes, bool]:
    """Return at most `limit` bytes, and whether that was all."""
    take, most = _way(response)
    data = io.BytesIO()  # takes the first piece, and gives it, without a copy
    left = limit
    while part := take(min(left + 1, most), decode_content=False):
        data = _longer(data, part[:left])
        if len(part) > left:
            return data.getvalue(), False
        left -= len(part)
        if time.monotonic() > deadline:
            raise TimeoutError
    return data.getvalue(), True


def _way(response: urllib3.BaseHTTPResponse) -> tuple[Callable[..., bytes], int]:
    """Return what reads a piece of a body, and how long one may be.

    A body whose length is told comes into its place at once; of others only their pieces are known.
    """
    if response.length_remaining is None:
        return response.read1, PIECE_BYTES
    return response.read, ROOM_BYTES


def _longer(data: io.BytesIO, part: bytes) -> io.BytesIO:
    if not data.tell():
        data = io.BytesIO(part)
        data.seek(0, io.SEEK_END)
    else:
        data.write(part)
    return data


def _parsed(url: str, text: str, base: httpx2.URL | None = None) -> httpx2.URL:
    try:
        found = base.join(text) if base is not None else httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError) as error:
        raise InvalidRequestError(
            f"{shown(url)} is not a URL, or leads to one that is none"
        ) from error
    if found.scheme not in ("http", "https") or not found.host or found.userinfo:
        raise InvalidRequestError(
            f"{shown(url)}: this is, or leads to, something else than a file on a web server"
        )
    return found
