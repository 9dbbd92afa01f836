"""The place of a file on a web server, and its bytes."""

import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from cachetools import LRUCache

from mlaas4hep.adapters.sources.places.bytes import REQUEST_BYTES, FileBytes, grouped
from mlaas4hep.adapters.sources.places.place import (
    FIRST_BYTES,
    Bytes,
    Ends,
    PendingBytes,
    Place,
    Span,
    changed,
    shown,
)
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.client import WebClient
from mlaas4hep.adapters.sources.places.web.response import Response
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError, TooLargeError

HOLDS_S = 2.0  #: a chunk asks for its files twice
FIRST: Span = (0, FIRST_BYTES)  #: what is asked for to learn what there is
WHOLE_BYTES = 256 * 1024**2  #: of a file whose server does not give ranges
AT_ONCE = 24  #: questions on their way to one server; a slow one holds no other up
SERVERS = 64  #: whose threads are kept
GAP_BYTES = 16 * 1024  #: between two spans that are read along: cheaper than another question
WHOLE_FILES = 8  #: that are kept on the disk


class WebPlaces:
    """Places on web servers that the policy allows."""

    def __init__(self, policy: ServerPolicy, address: Callable[[str], str] = str) -> None:
        self._client = WebClient(policy, address=address)
        self._asking: LRUCache[str, ThreadPoolExecutor] = LRUCache(SERVERS)
        self._whole: LRUCache[tuple[str, int, tuple[str, str]], FileBytes] = LRUCache(WHOLE_FILES)
        self._lock = threading.Lock()

    def locate(self, url: str) -> Place:
        """Return the place of a URL; see `WebClient.get` for what is raised."""
        answer = self._client.get(url, FIRST)
        answer.check_kind()
        if answer.status == 200:  # noqa: PLR2004
            return self._without_ranges(url, answer)
        size = answer.empty_total() if answer.status == 416 else answer.total(FIRST)  # noqa: PLR2004
        if size is None:
            raise answer.error()
        return Place(
            url=url,
            version=(answer.version, size),
            size_bytes=size,
            open=lambda _stack: WebBytes(
                self._client, self._threads(url), url, size, answer.version
            ),
            holds_s=HOLDS_S,
            ends=Ends(size, answer.data),
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


class WebBytes:
    """Bytes of one version of a file; ranges are asked for side by side."""

    def __init__(
        self,
        client: WebClient,
        asking: ThreadPoolExecutor,
        url: str,
        size: int,
        version: tuple[str, str],
    ) -> None:
        self._client = client
        self._asking = asking
        self._url = url
        self._size = size
        self._version = version
        self.size_bytes = 0  #: asked for so far

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Send questions for all spans, a few at a time; those that lie close go together."""
        answers: dict[Span, PendingBytes] = {}
        for (start, stop), parts in grouped(sorted(set(spans)), REQUEST_BYTES, GAP_BYTES):
            self.size_bytes += stop - start
            future = self._asking.submit(self._range, (start, stop))
            for low, high in parts:
                answers[low, high] = partial(_part, future, low - start, high - start)
        return [answers[span] for span in spans]

    def _range(self, span: Span) -> bytes:
        answer = self._client.get(self._url, span)
        if answer.status != 206 or answer.total(span) != self._size:  # noqa: PLR2004
            raise changed(self._url)
        if answer.version != self._version:
            raise changed(self._url)
        if len(answer.data) != span[1] - span[0]:
            raise ServiceUnavailableError(f"{shown(answer.url)}: the server sends too few bytes")
        return answer.data


def _part(whole: "Future[bytes]", start: int, stop: int) -> memoryview:
    return memoryview(whole.result())[start:stop]
