"""From a URL of an XRootD server to its place."""

import importlib.util
from contextlib import ExitStack
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mlaas4hep.adapters.sources.places.place import Bytes, Ends, Place, shown
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.xrootd.connection import Allowance
from mlaas4hep.adapters.sources.places.xrootd.connections import Connections
from mlaas4hep.adapters.sources.places.xrootd.errors import Failures
from mlaas4hep.adapters.sources.places.xrootd.file import OpenFile, XRootDBytes
from mlaas4hep.core.requests.inputs.globs import matches
from mlaas4hep.core.requests.inputs.servers import server
from mlaas4hep.errors import InvalidRequestError

HOLDS_S = 2.0  #: a chunk asks for its files twice
_MOST_BYTES = 2**62


class XRootDPlaces:
    """Places on XRootD servers that the policy allows.

    XRootD's client looks names up by itself and follows redirects: the server that has the file
    in the end is looked at before bytes are taken from it.
    """

    def __init__(self, policy: ServerPolicy, allowance: Allowance = Allowance()) -> None:  # noqa: B008 - it is frozen
        if importlib.util.find_spec("XRootD") is None:  # an extra of its own
            raise InvalidRequestError(
                "root:// cannot be read here: the client of XRootD is not installed",
                hint="pip install 'mlaas4hep[xrootd]'",
            )
        self._policy = policy
        self._connections = Connections(allowance)

    def locate(self, url: str) -> Place:
        """Return the place of `root://host//path`; InvalidRequestError, ServiceUnavailableError."""
        parts = self._checked(url)
        path = parts.path.replace("//", "/", 1) + (f"?{parts.query}" if parts.query else "")
        told = self._told(url, "stat", path=path)
        size, time = told.get("size"), told.get("time")
        if type(size) is not int or not 0 <= size < _MOST_BYTES or type(time) is not int:
            raise InvalidRequestError(
                f"{shown(url)}: the server says of its size what makes no sense"
            )
        return Place(
            url=url,
            version=(size, time),
            size_bytes=size,
            open=partial(self._open, url),
            holds_s=HOLDS_S,
            ends=Ends(size),
        )

    def find(self, pattern: str) -> list[str]:
        """Return the URLs of the files in a folder whose names match, sorted."""
        parts = self._checked(pattern)
        folder, _, names = parts.path.rpartition("/")
        if any(letter in folder for letter in "*?["):
            raise InvalidRequestError(
                f"{shown(pattern)}: only the last part of a name on a server may be a pattern"
            )
        told = self._told(pattern, "list", path=folder.replace("//", "/", 1) or "/")
        query = f"?{parts.query}" if parts.query else ""
        found = sorted(name for name in map(str, told) if matches(name, names))
        return [f"{parts.scheme}://{parts.netloc}{folder}/{name}{query}" for name in found]

    def _told(self, url: str, what: str, **asked: Any) -> Any:
        with Failures(url=url, is_there=False).told():
            return self._connections.of(server(url)).told(what, url=url, **asked)

    def _checked(self, url: str) -> SplitResult:
        """Return the parts of a URL whose server may be asked."""
        self._policy.check_server(*server(url))
        return urlsplit(url)

    def _open(self, url: str, stack: ExitStack) -> Bytes:
        failures = Failures(url=url, is_there=True)
        content = XRootDBytes(failures, partial(self._opened, url))
        stack.callback(content.close)
        return content

    def _opened(self, url: str) -> OpenFile:
        connection = self._connections.of(server(url))
        question, number = connection.ask("open", None, url=url)
        there = connection.understood(question)
        if there and server(url) not in self._policy.own:
            self._policy.check_server(*server(f"root://{there}"))
        if there:
            connection.told("configure", file=number, there=there)
        return OpenFile(connection, number)
