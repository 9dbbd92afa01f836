"""The bytes of a Parquet file on their way to pyarrow: pages that contradict the footer stop them.

A page of a few bytes can say that it has millions of values, whatever the footer says, and pyarrow
believes the page: it would take seconds and all memory, and cannot be interrupted. So each page's
header is looked at in the bytes that pyarrow reads, before it sees them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from mlaas4hep.adapters.sources.columnar.file import PlaceFile, PositionedFile
from mlaas4hep.adapters.sources.columnar.inflation import check_unpacked
from mlaas4hep.adapters.sources.columnar.pageheader import MAX_BYTES, PageHeader, page_header
from mlaas4hep.adapters.sources.places.place import Place

_PADDING = 100  #: bytes behind a column's pages that pyarrow reads, too, of writers of old


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Where the footer says that the pages of one column lie in one row group."""

    start: int
    size_bytes: int
    values: int  #: in lists together, with those that are missing


class Stretches:
    """The pages of all columns and row groups, by where they begin."""

    def __init__(self, said: Iterable[Pages]) -> None:
        """Take what a footer says; ValueError: two stretches lie over each other."""
        there = (each for each in said if each.size_bytes and (each.start or each.values))
        self._all = sorted(there, key=_start)  # pyarrow writes 0 where no value is
        self._starts = [each.start for each in self._all]
        for one, other in zip(self._all, self._all[1:], strict=False):
            if one.start + one.size_bytes > other.start:
                raise ValueError("its columns lie over each other")

    def between(self, start: int, stop: int) -> list[Pages]:
        """Return those of which some bytes lie in [start, stop)."""
        first = max(0, bisect_right(self._starts, start) - 1)
        return self._all[first : bisect_left(self._starts, stop)]


def _start(pages: Pages) -> int:
    return pages.start


@dataclass(slots=True)
class _Walk:
    """How far the pages of one column have been looked at."""

    at: int  #: where the next header begins
    seen: int = 0  #: values


class PagedFile(PositionedFile):
    """A file for one reading of some columns from their beginning on; one thread at a time."""

    def __init__(self, place: Place, file: PlaceFile, stretches: Stretches) -> None:
        super().__init__(place)
        self._file = file
        self._stretches = stretches
        self._walks: dict[int, _Walk] = {}  #: by where the column's pages begin
        self._plain_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, or all that are left; fewer where the file ends.

        Raises:
            ValueError: a page in them is not as the footer says.
        """
        self._file.seek(self._at)
        data = self._file.read(size)
        for pages in self._stretches.between(self._at, self._at + len(data)):
            self._look(pages, self._at, memoryview(data))
        self._at += len(data)
        return data

    def _look(self, pages: Pages, start: int, data: memoryview) -> None:
        """Look at the headers in some bytes of the file, which begin at `start`."""
        walk = self._walks.setdefault(pages.start, _Walk(pages.start))
        end = pages.start + pages.size_bytes + _PADDING
        while start <= walk.at < min(end, start + len(data)) and walk.seen < pages.values:
            header = self._header(walk.at, data[walk.at - start :], end)
            walk.seen += header.values
            if walk.seen > pages.values:
                raise ValueError("a page says that it has more values than the footer")
            if header.known > header.plain_bytes:
                raise ValueError("a dictionary says that it has more values than bytes")
            self._plain_bytes += header.plain_bytes
            check_unpacked(self._place, self._plain_bytes)
            walk.at += header.length + header.packed_bytes

    def _header(self, at: int, data: memoryview, end: int) -> PageHeader:
        """Return the header that begins at a byte, of which `data` may hold only the first ones."""
        try:
            return page_header(data)
        except EOFError:
            self._file.seek(at)
            more = self._file.read(min(MAX_BYTES, end - at)) or b""
            return page_header(memoryview(more))
