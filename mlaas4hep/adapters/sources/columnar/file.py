"""A place as the file object that libraries read."""

import io
from collections.abc import Callable
from typing import Any

from cachetools import LRUCache

from mlaas4hep.adapters.sources.places.place import Bytes, Place
from mlaas4hep.errors import MlaasError

PAGE_BYTES = 256 * 1024
PAGES = 64  #: of a remote file that are kept: libraries read headers again and again


class PlaceFile(io.RawIOBase):
    """The bytes of an open place; one thread at a time."""

    def __init__(self, place: Place, content: Bytes) -> None:
        super().__init__()
        self._place = place
        self._content = content
        self._at = 0
        self._pages: LRUCache[int, bytes] = LRUCache(PAGES)
        self.failure: MlaasError | None = None  #: libraries hide what their file objects raise

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        base = (0, self._at, self._place.size_bytes)[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, unless the file ends before."""
        view = memoryview(buffer).cast("B")
        data = self._told(lambda: self._read(self._at, self._at + len(view)))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _told(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except MlaasError as error:
            self.failure = error
            raise

    def _read(self, start: int, stop: int) -> bytes:
        if not self._place.is_remote or stop - start > PAGE_BYTES:
            return self._place.read(self._content, start, stop)
        first, last = start // PAGE_BYTES, max(start, stop - 1) // PAGE_BYTES
        pages = b"".join(map(self._page, range(first, last + 1)))
        return pages[start - first * PAGE_BYTES :][: stop - start]

    def _page(self, page: int) -> bytes:
        data = self._pages.get(page)
        if data is None:
            start = page * PAGE_BYTES
            data = self._place.read(self._content, start, start + PAGE_BYTES)
            self._pages[page] = data
        return data
