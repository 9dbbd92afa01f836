"""The place of a file on a web server, and its bytes."""

import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from cachetools import LRUCache

from mlaas4hep.adapters.sources.places.bytes import FileBytes
from mlaas4hep.adapters.sources.places.place import (
    FIRST_BYTES,
    Bytes,
    Ends,
    Place,
    Span,
    changed,
    shown,
)
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.bytes import WebBytes
from mlaas4hep.adapters.sources.places.web.client import WebClient
from mlaas4hep.adapters.sources.places.web.ends import FileEnds
from mlaas4hep.adapters.sources.places.web.response import Response
from mlaas4hep.errors import InvalidRequestError, TooLargeError

HOLDS_S = 2.0  #: a chunk asks for its files twice
FIRST: Span = (0, FIRST_BYTES)  #: what is asked for to learn what there is
WHOLE_BYTES = 256 * 1024**2  #: of a file whose server does not give ranges
AT_ONCE = 24  #: questions on their way to one server; a slow one holds no other up
SERVERS = 64  #: whose threads are kept
WHOLE_FILES = 8  #: that are kept on the disk


class WebPlaces:
    """Places on web servers that the policy allows."""

    def __init__(self, policy: ServerPolicy, address: Callable[[str], str] = str) -> None:
        self._client = WebClient(policy, address=address)
        self._asking: LRUCache[str, ThreadPoolExecutor] = LRUCache(SERVERS)
        self._whole: LRUCache[tuple[str, int, tuple[str, str]], FileBytes] = LRUCache(WHOLE_FILES)
        self._ends = FileEnds(self._client)
        self._lock = threading.Lock()

    def locate(self, url: str, *, opens: bool = False) -> Place:
        """Return the place of a URL; see `WebClient.get` for what is raised.

        The end of a file that is going to be opened is asked for before its size is known.
        """
        end = self._ends.ask(url, self._threads(url)) if opens else None
        answer = self._client.get(url, FIRST)
        answer.check_kind()
        if answer.status == 200:  # noqa: PLR2004
            return self._without_ranges(url, answer)
        size = answer.empty_total() if answer.status == 416 else answer.total(FIRST)  # noqa: PLR2004
        if size is None:
            raise answer.error()
        content = partial(WebBytes, self._client, self._threads(url), url, size, answer.version)
        coming = partial(self._ends.came, end, content()) if end else None
        return Place(
            url=url,
            version=(answer.version, size),
            size_bytes=size,
            open=lambda _stack: content(),
            holds_s=HOLDS_S,
            ends=Ends(size, answer.data, coming),
        )

    def find(self, pattern: str) -> list[str]:
        """Refuse: web servers have no listing that programs could rely on."""
        raise InvalidRequestError(
            f"{shown(pattern)}: a web server does not list its files",
            hint="write one URL a line",
        )

    def _threads(self, url: str) -> ThreadPoolExecutor:
        """Return what asks the server of a URL; it ends when nobody asks that server any more."""
        server = urlsplit(url).netloc
        with self._lock:
            found = self._asking.get(server)
            if found is None:
                found = self._asking[server] = ThreadPoolExecutor(AT_ONCE, "web")
        return found

    def _without_ranges(self, url: str, answer: Response) -> Place:
        """Return the place of a file that is copied as a whole."""
        size = len(answer.data) if answer.whole else answer.length
        if size is None:  # it is not told beforehand
            size = len(self._copied(url, None, answer.version).data)
        if size > WHOLE_BYTES:
            raise _too_large(url, size)
        return Place(
            url=url,
            version=(answer.version, size),
            size_bytes=size,
            open=lambda _stack: self._whole_file(url, size, answer.version),
            holds_s=HOLDS_S,
            ends=Ends(size),
        )

    def _whole_file(self, url: str, size: int, version: tuple[str, str]) -> Bytes:
        key = url, size, version
        with self._lock:
            known = self._whole.get(key)
        if known is None:
            known = _on_disk(self._copied(url, size, version).data if size else b"")
            with self._lock:
                self._whole[key] = known
        return known

    def _copied(self, url: str, size: int | None, version: tuple[str, str]) -> Response:
        """Ask for the whole file; of unknown size, if `size` is None."""
        answer = self._client.get(url, (0, WHOLE_BYTES if size is None else size))
        if size is None and not answer.whole:
            raise _too_large(url, size)
        if answer.version != version or (size is not None and len(answer.data) != size):
            raise changed(url)
        return answer


def _too_large(url: str, size: int | None) -> TooLargeError:
    return TooLargeError(
        f"{shown(url)}: the server does not give parts of files, and this one has"
        f" {size or 'more'} bytes; up to {WHOLE_BYTES} are copied whole",
        hint="put it on a server that knows the header Range",
    )


def _on_disk(data: bytes) -> FileBytes:
    """Return the bytes as a nameless file."""
    handle, name = tempfile.mkstemp(prefix="mlaas-web-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        return FileBytes.at(Path(name))
    finally:
        Path(name).unlink()
