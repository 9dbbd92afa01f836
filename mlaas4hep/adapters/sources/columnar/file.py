"""A place as the file object that libraries read."""

import io
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from cachetools import LRUCache

from mlaas4hep.adapters.sources.places.bytes import FileBytes
from mlaas4hep.adapters.sources.places.place import Bytes, PendingBytes, Place, Span, changed
from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import MlaasError

T = TypeVar("T")

PAGE_BYTES = 256 * 1024
PAGES = 64  #: of a remote file that are kept: libraries read headers again and again
AHEAD_PAGES = 8  #: that are asked for along, where a file is read page after page


class PositionedFile(io.RawIOBase):
    """Where in the bytes of a place the next one is read."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._at = 0

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
        """Fill the buffer with what `read` gives, of which whoever inherits has one of its own."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view)) or b""
        view[: len(data)] = data
        return len(data)


class PlaceFile(PositionedFile):
    """The bytes of an open place; one thread at a time."""

    def __init__(self, place: Place, content: Bytes) -> None:
        super().__init__(place)
        self._content = content
        self._pages: LRUCache[int, bytes] = LRUCache(PAGES)
        self._coming: LRUCache[int, PendingBytes] = LRUCache(PAGES)
        self._behind = 0  #: the page behind those asked for last
        self.failure: MlaasError | None = None  #: libraries hide what their file objects raise

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, or all that are left; fewer where the file ends."""
        stop = self._at + size if size >= 0 else max(self._at, self._place.size_bytes)
        data = self.told(lambda: self._read(self._at, stop))
        self._at += len(data)
        return data

    @property
    def descriptor(self) -> int | None:
        """Return that of a file of this machine, from which others may read, too."""
        return self._content.descriptor if isinstance(self._content, FileBytes) else None

    def parts(self, spans: Sequence[Span]) -> dict[str, Array]:
        """Return the bytes of each span by its number, all asked for at once."""
        return self.told(lambda: self._parts(spans))

    def _parts(self, spans: Sequence[Span]) -> dict[str, Array]:
        if self._place.is_remote:
            for start, stop in spans:
                pages = _pages(start, stop)
                if len(pages) <= PAGES // 2:
                    self._ask(pages)
        found = (self._read(start, stop) for start, stop in spans)
        return {str(number): np.frombuffer(each, np.uint8) for number, each in enumerate(found)}

    def told(self, read: Callable[[], T]) -> T:
        """Return what `read` returns; an error of ours is kept, whatever a library makes of it."""
        try:
            return read()
        except MlaasError as error:
            self.failure = error
            raise

    def _read(self, start: int, stop: int) -> bytes:
        size = self._place.size_bytes
        if not self._place.is_remote or start >= size:
            return self._place.read(self._content, start, stop)
        stop = min(stop, size)
        wanted = _pages(start, stop)
        if len(wanted) > PAGES // 2:
            return self._place.read(self._content, start, stop)
        self._ask(wanted)
        pages = b"".join(map(self._page, wanted))
        return pages[start - wanted.start * PAGE_BYTES :][: stop - start]

    def _ask(self, pages: range) -> None:
        """Have pages on their way, in one go with those that will be wanted next."""
        missing = [page for page in pages if not self._has(page)]
        if not missing:
            return
        size = self._place.size_bytes
        end = -(-size // PAGE_BYTES)
        behind = pages.stop
        if not self._pages:  # whoever opens a file looks at both ends
            missing += sorted({0, end - 1} - set(missing))
        elif missing[0] == self._behind:
            behind = min(pages.stop + AHEAD_PAGES, end)
            missing += [page for page in range(pages.stop, behind) if not self._has(page)]
        self._behind = behind
        spans = [(page * PAGE_BYTES, min((page + 1) * PAGE_BYTES, size)) for page in missing]
        self._coming.update(zip(missing, self._content.ask(spans), strict=True))

    def _has(self, page: int) -> bool:
        return page in self._pages or page in self._coming

    def _page(self, page: int) -> bytes:
        coming = self._coming.pop(page, None)
        data = self._pages.get(page)
        if data is None:
            try:
                data = bytes(coming()) if coming else self._alone(page)
            except EOFError as error:
                raise changed(self._place.url) from error
            self._pages[page] = data
        return data

    def _alone(self, page: int) -> bytes:
        return self._place.read(self._content, page * PAGE_BYTES, (page + 1) * PAGE_BYTES)


def _pages(start: int, stop: int) -> range:
    """Return the numbers of the pages in which bytes [start, stop) lie."""
    return range(start // PAGE_BYTES, -(-stop // PAGE_BYTES))
