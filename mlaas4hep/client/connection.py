"""Calls to a deployment: repeated when it asks to, streamed both ways, its errors made ours."""

import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx

from mlaas4hep import errors
from mlaas4hep.core.backoff import backoff_s
from mlaas4hep.errors import MlaasError, PermanentError, Problem, ServiceUnavailableError

RETRIES = 5
LATER = (429, 502, 503, 504)  #: statuses with which the same call may work later
_NOT_DONE = (429, 503)  #: of them, those after which nothing was done
_SAFE = ("GET", "PUT", "DELETE", "HEAD")  #: may be repeated even if they have arrived
_LONGEST_PAUSE_S = 30.0
_BLOCK = 1024**2
_NAMED = {
    kind.status: kind
    for kind in (
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.TooLargeError,
        errors.QuotaError,
    )
}

OnBytes = Callable[[int], None]  #: is told how many more bytes went over the line
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
        for attempt in range(self._retries + 1):
            try:
                content = body() if body else None
                response = self._http.request(method, url, content=content, **given)
            except httpx.TransportError as error:
                if attempt == self._retries or not _may_repeat(method, error):
                    raise _unreachable(url, error) from error
                self.pause(_growing(attempt))
                continue
            if attempt == self._retries or not _is_later(method, response):
                break
            self.pause(_pause_s(response, attempt))
        _raise_for(response)
        return response

    def post_form(
        self, url: str, fields: Mapping[str, str], file: Path, on_bytes: OnBytes | None = None
    ) -> None:
        """Send a form with a file to somebody else's server, streamed and without our token.

        Raises:
            MlaasError: as `send`.
        """
        try:
            with file.open("rb") as content, httpx.Client(transport=self._transport) as http:
                told = _Told(content, on_bytes)
                response = http.post(
                    url, data=dict(fields), files={"file": told}, timeout=self._http.timeout
                )
        except httpx.TransportError as error:
            raise _unreachable(url, error) from error
        _raise_for(response)

    def download(self, url: str, path: Path, on_bytes: OnBytes | None = None) -> Path:
        """Write an answer to a file; it appears there when it is whole.

        Raises:
            MlaasError: as `send`.
        """
        try:
            with self._http.stream("GET", url) as response:
                if response.is_error:
                    response.read()
                _raise_for(response)
                _write(response, path, on_bytes)
        except httpx.TransportError as error:
            raise _unreachable(url, error) from error
        return path


def blocks(content: str | Path | bytes, on_bytes: OnBytes | None = None) -> Iterator[bytes]:
    """Yield a file, or bytes, in pieces."""
    if isinstance(content, bytes):
        yield from _told(iter([content]), on_bytes)
        return
    with Path(content).open("rb") as file:
        yield from _told(iter(lambda: file.read(_BLOCK), b""), on_bytes)


class _Told(io.BufferedReader):
    """A file whose reader is told how many bytes were read."""

    def __init__(self, file: BinaryIO, on_bytes: OnBytes | None) -> None:
        super().__init__(cast(io.RawIOBase, file))
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if self._on_bytes is not None:
            self._on_bytes(len(data))
        return data


def _told(pieces: Iterator[bytes], on_bytes: OnBytes | None) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        if on_bytes is not None:
            on_bytes(len(piece))


def _write(response: httpx.Response, path: Path, on_bytes: OnBytes | None) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in _told(response.iter_bytes(_BLOCK), on_bytes):
                file.write(piece)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _may_repeat(method: str, error: httpx.TransportError) -> bool:
    return method in _SAFE or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def _is_later(method: str, response: httpx.Response) -> bool:
    statuses = LATER if method in _SAFE else _NOT_DONE
    return response.status_code in statuses and _problem(response).code != errors.QuotaError.code


def _pause_s(response: httpx.Response, attempt: int) -> float:
    asked = response.headers.get("Retry-After", "")
    wanted = float(asked) if asked.isascii() and asked.isdigit() else _growing(attempt)
    return min(wanted, _LONGEST_PAUSE_S)


def _growing(attempt: int) -> float:
    return backoff_s(attempt, first_s=0.5, longest_s=_LONGEST_PAUSE_S)


def _raise_for(response: httpx.Response) -> None:
    if response.is_success:
        return
    problem = _problem(response)
    later = response.status_code in LATER or response.is_server_error
    kind = _NAMED.get(response.status_code, ServiceUnavailableError if later else PermanentError)
    error: MlaasError = kind(problem.message)
    error.problem = problem
    raise error


def _problem(response: httpx.Response) -> Problem:
    """Return what the answer says is wrong, also if it comes from a proxy on the way."""
    try:
        told = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        told = None
    if isinstance(told, dict) and "message" in told:
        known = {name: str(told.get(name, "")) for name in Problem.__dataclass_fields__}
        return Problem(**known)
    text = told if isinstance(told, str) else response.text.strip()[:200]
    return Problem(
        code=f"http_{response.status_code}",
        message=f"{response.request.url} answered {response.status_code}: {text}",
        hint="is this the address of the function? such as http://HOST:8080/function/workflow",
    )


def _unreachable(url: str, error: Exception) -> ServiceUnavailableError:
    return ServiceUnavailableError(
        f"{url} cannot be reached: {error}", hint="is the platform up, and the address right?"
    )
