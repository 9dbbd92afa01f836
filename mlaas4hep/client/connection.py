"""Calls to a deployment: repeated when it asks to, streamed both ways, its errors made ours."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from mlaas4hep import errors
from mlaas4hep.client.files import CountedFile, CutOffError, OnBytes, write
from mlaas4hep.client.problems import LATER, problem, raise_for, unreachable
from mlaas4hep.core.backoff import backoff_s

RETRIES = 5
_NOT_DONE = (429, 503)  #: statuses after which nothing was done
_SAFE = ("GET", "PUT", "DELETE", "HEAD")  #: may be repeated even if they have arrived
_LONGEST_PAUSE_S = 30.0

Body = Callable[[], Iterator[bytes]]  #: gives the body again for every attempt


class Connection:
    """HTTP to one deployment with one token."""

    def __init__(
        self,
        token: str = "",
        *,
        timeout_s: float = 60.0,
        retries: int = RETRIES,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect to nothing yet.

        Args:
            retries: how often a call is repeated.
            transport: httpx's, for tests and special networks.
            pause: waits some seconds.
        """
        self._retries = retries
        self.pause = pause
        self._transport = transport
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx.Timeout(timeout_s, connect=10.0),
            transport=transport,
            follow_redirects=True,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(
        self, method: str, url: str, *, body: Body | None = None, **given: Any
    ) -> httpx.Response:
        """Return the answer to a call, repeated while the deployment says "later".

        Raises:
            MlaasError: what the deployment says is wrong.
            ServiceUnavailableError: it cannot be reached, or stays busy.
        """

        def once() -> httpx.Response:
            return self._http.request(method, url, content=body() if body else None, **given)

        return self._repeated(method, url, once)

    def download(self, url: str, path: Path, on_bytes: OnBytes | None = None) -> Path:
        """Write an answer to a file; it appears there when it is whole, as announced.

        Raises:
            MlaasError: as `send`; ServiceUnavailableError also when it breaks off each time.
        """

        def once() -> httpx.Response:
            plain = {"Accept-Encoding": "identity"}
            with self._http.stream("GET", url, headers=plain) as response:
                if response.is_success:
                    write(response, path, on_bytes)
                else:
                    response.read()
            return response

        self._repeated("GET", url, once)
        return path

    def post_form(
        self, url: str, fields: Mapping[str, str], file: Path, on_bytes: OnBytes | None = None
    ) -> None:
        """Send a form with a file to somebody else's server, streamed and without our token.

        Raises:
            MlaasError: as `send`.
        """
        try:
            with file.open("rb") as content, httpx.Client(transport=self._transport) as http:
                counted = CountedFile(content, on_bytes)
                response = http.post(
                    url, data=dict(fields), files={"file": counted}, timeout=self._http.timeout
                )
        except httpx.TransportError as error:
            raise unreachable(url, error) from error
        raise_for(response)

    def _repeated(
        self, method: str, url: str, once: Callable[[], httpx.Response]
    ) -> httpx.Response:
        for attempt in range(self._retries + 1):
            try:
                response = once()
            except (httpx.TransportError, CutOffError) as error:
                if attempt == self._retries or not _may_repeat(method, error):
                    raise unreachable(url, error) from error
                self.pause(_growing(attempt))
                continue
            if attempt == self._retries or not _is_later(method, response):
                break
            self.pause(_pause_s(response, attempt))
        raise_for(response)
        return response


def _may_repeat(method: str, error: Exception) -> bool:
    return method in _SAFE or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def _is_later(method: str, response: httpx.Response) -> bool:
    statuses = LATER if method in _SAFE else _NOT_DONE
    return response.status_code in statuses and problem(response).code != errors.QuotaError.code


def _pause_s(response: httpx.Response, attempt: int) -> float:
    asked = response.headers.get("Retry-After", "")
    wanted = float(asked) if asked.isascii() and asked.isdigit() else _growing(attempt)
    return min(wanted, _LONGEST_PAUSE_S)


def _growing(attempt: int) -> float:
    return backoff_s(attempt, first_s=0.5, longest_s=_LONGEST_PAUSE_S)
