"""From a URL of an XRootD server to its place."""

import importlib.util
from collections.abc import Hashable
from functools import partial
from threading import Lock
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cachetools import LRUCache

from mlaas4hep.adapters.sources.places.place import Ends, Place, shown
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.xrootd.connection import Allowance, Question
from mlaas4hep.adapters.sources.places.xrootd.connections import Connections
from mlaas4hep.adapters.sources.places.xrootd.errors import Failures
from mlaas4hep.adapters.sources.places.xrootd.file import OpenFile, Opening, XRootDBytes
from mlaas4hep.core.requests.inputs.globs import matches
from mlaas4hep.core.requests.inputs.servers import server
from mlaas4hep.errors import InvalidRequestError

HOLDS_S = 2.0  #: a chunk asks for its files twice
KEPT = 64  #: files that stay open when nobody reads them: whoever described one may read it next
SEEN = 4000  #: files that are remembered
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
        self._kept: LRUCache[Hashable, XRootDBytes] = LRUCache(KEPT)  #: by URL and version
        self._seen: LRUCache[str, None] = LRUCache(SEEN)
        self._lock = Lock()

    def locate(self, url: str, *, opens: bool = False) -> Place:  # noqa: ARG002 - it always does
        """Return the place of `root://host//path`; InvalidRequestError, ServiceUnavailableError.

        A file that is new here is opened while the server is asked how large it is.
        """
        parts = self._checked(url)
        opened = self._opened_early(url)
        path = parts.path.replace("//", "/", 1) + (f"?{parts.query}" if parts.query else "")
        told = self._told(url, "stat", path=path)
        size, time = told.get("size"), told.get("time")
        if type(size) is not int or not 0 <= size < _MOST_BYTES or type(time) is not int:
            raise InvalidRequestError(
                f"{shown(url)}: the server says of its size what makes no sense"
            )
        version = size, time
        if opened is not None:
            self._keep(url, version, opened)
        return Place(
            url=url,
            version=version,
            size_bytes=size,
            open=lambda _stack: self._bytes(url, version),
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

    def _opened_early(self, url: str) -> XRootDBytes | None:
        """Return a file that is being opened; None if it was seen before, and may be open."""
        with self._lock:
            if url in self._seen:
                return None
            self._seen[url] = None
        content = self._unopened(url)
        with Failures(url=url, is_there=False).told():
            content.open_early()
        return content

    def _bytes(self, url: str, version: Hashable) -> XRootDBytes:
        """Return the bytes of a version of a file, which may be open already."""
        with self._lock:
            known = self._kept.get((url, version))
        if known is None:
            known = self._unopened(url)
            self._keep(url, version, known)
        return known

    def _keep(self, url: str, version: Hashable, content: XRootDBytes) -> None:
        with self._lock:
            self._kept[url, version] = content

    def _unopened(self, url: str) -> XRootDBytes:
        return XRootDBytes(Failures(url=url, is_there=True), partial(self._begun, url))

    def _begun(self, url: str) -> Opening:
        """Ask the server to open a file, and return what waits for it."""
        connection = self._connections.of(server(url))
        question, number = connection.ask("open", None, url=url)
        return partial(self._opened, url, question, OpenFile(connection, number))

    def _opened(self, url: str, question: Question, file: OpenFile) -> OpenFile:
        there = file.connection.understood(question)
        if there and server(url) not in self._policy.own:
            self._policy.check_server(*server(f"root://{there}"))
        if there:
            file.connection.told("configure", file=file.number, there=there)
        return file
