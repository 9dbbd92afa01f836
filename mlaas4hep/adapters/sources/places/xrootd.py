"""Files of XRootD servers."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from threading import Lock
from typing import Any
from urllib.parse import SplitResult, urlsplit

import uproot

from mlaas4hep.adapters.sources.places.bytes import ServerBytes
from mlaas4hep.adapters.sources.places.place import (
    Bytes,
    Ends,
    PendingBytes,
    Place,
    Span,
    missing,
    shown,
)
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.core.requests.inputs.globs import matches
from mlaas4hep.core.requests.inputs.servers import server
from mlaas4hep.errors import InvalidRequestError, MlaasError, ServiceUnavailableError

TIMEOUT_S = 30
HOLDS_S = 2.0  #: a chunk asks for its files twice
_GONE = frozenset({3011, 3016})  #: kXR_NotFound, kXR_isDirectory
_SERVER_SAYS_NO = 400  #: XrdCl's errErrorResponse: the server answered, with an error
_LIMITS = (  # a dead server otherwise takes eight minutes to fail
    ("ConnectionWindow", 5),
    ("ConnectionRetry", 1),
    ("RequestTimeout", 60),
    ("StreamTimeout", 30),
)


class XRootDPlaces:
    """Places on XRootD servers that the policy allows.

    XRootD's client looks names up by itself and follows redirects: the server that has the file
    in the end is looked at before bytes are taken from it.
    """

    def __init__(self, policy: ServerPolicy) -> None:
        try:
            import XRootD.client  # noqa: PLC0415 - an extra of its own
        except ModuleNotFoundError as error:
            raise InvalidRequestError(
                "root:// cannot be read here: the client of XRootD is not installed",
                hint="pip install 'mlaas4hep[xrootd]'",
            ) from error
        self._policy = policy
        self._client: Any = XRootD.client  # it has no types
        for name, value in _LIMITS:
            self._client.EnvPutInt(name, value)

    def locate(self, url: str) -> Place:
        """Return the place of `root://host//path`; InvalidRequestError, ServiceUnavailableError."""
        parts = self._checked(url)
        path = parts.path.replace("//", "/", 1) + (f"?{parts.query}" if parts.query else "")
        there = self._client.FileSystem(f"{parts.scheme}://{parts.netloc}")
        status, stat = there.stat(path, timeout=TIMEOUT_S)
        if not status.ok:
            raise _our_error(url, status)
        return Place(
            url=url,
            version=(stat.size, stat.modtime),
            size_bytes=stat.size,
            open=partial(self._open, url),
            holds_s=HOLDS_S,
            ends=Ends(stat.size),
        )

    def find(self, pattern: str) -> list[str]:
        """Return the URLs of the files in a folder whose names match, sorted."""
        parts = self._checked(pattern)
        folder, _, names = parts.path.rpartition("/")
        if any(letter in folder for letter in "*?["):
            raise InvalidRequestError(
                f"{shown(pattern)}: only the last part of a name on a server may be a pattern"
            )
        there = self._client.FileSystem(f"{parts.scheme}://{parts.netloc}")
        status, listing = there.dirlist(folder.replace("//", "/", 1) or "/", timeout=TIMEOUT_S)
        if not status.ok:
            raise _our_error(pattern, status)
        query = f"?{parts.query}" if parts.query else ""
        found = sorted(each.name for each in listing if matches(each.name, names))
        return [f"{parts.scheme}://{parts.netloc}{folder}/{name}{query}" for name in found]

    def _checked(self, url: str) -> SplitResult:
        """Return the parts of a URL whose server may be asked: the one that XRootD's client asks."""
        named, asked = server(url), self._client.URL(url)
        if named != (asked.hostname.strip("[]").lower(), asked.port):
            raise InvalidRequestError(f"{shown(url)} must be one server and one path")
        self._policy.check_server(*named)
        return urlsplit(url)

    def _open(self, url: str, stack: ExitStack) -> Bytes:
        content = _XRootDBytes(url, self._opened)
        stack.callback(content.close)
        return content

    def _opened(self, url: str, stack: ExitStack) -> ServerBytes:
        source = stack.enter_context(uproot.XRootDSource(url, **uproot.open.defaults))
        there = source.resource.file.get_property("DataServer")
        if there and server(url) not in self._policy.own:
            self._policy.check_server(*server(f"root://{there}"))
        return ServerBytes(source)


class _XRootDBytes:
    """Bytes of one file, opened when the first are asked for; with our errors."""

    def __init__(self, url: str, opened: Callable[[str, ExitStack], ServerBytes]) -> None:
        self._url = url
        self._opened = opened
        self._stack = ExitStack()
        self._plain: ServerBytes | None = None
        self._opening = Lock()

    @property
    def size_bytes(self) -> int:
        """Return how many bytes were asked for."""
        return self._plain.size_bytes if self._plain else 0

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Send requests for all spans, and return what waits for the answers."""
        try:
            with self._opening:
                if self._plain is None:
                    self._plain = self._opened(self._url, self._stack)
            return [partial(self._waited, answer) for answer in self._plain.ask(spans)]
        except OSError as error:
            raise _silent(self._url, error) from error

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def _waited(self, answer: PendingBytes) -> memoryview:
        try:
            return answer()
        except OSError as error:
            raise _silent(self._url, error) from error


def _silent(url: str, error: Exception) -> ServiceUnavailableError:
    reason = first_line(error).replace(url, shown(url))
    return ServiceUnavailableError(f"{shown(url)}: the server does not answer: {reason}")


def _our_error(url: str, status: Any) -> MlaasError:
    reason = first_line(status.message)
    if status.code != _SERVER_SAYS_NO:
        return ServiceUnavailableError(
            f"{shown(url)}: the server does not answer: {reason}",
            hint="check the name of the server; if it is right, restart the run when it is back",
        )
    if status.errno in _GONE:
        return missing(url)
    return InvalidRequestError(f"{shown(url)}: {reason}")
