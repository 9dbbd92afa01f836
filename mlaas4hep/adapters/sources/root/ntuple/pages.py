"""The pages of a column of an RNTuple: asked for, inflated, and cut where elements are wanted."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
import xxhash

from mlaas4hep.adapters.sources.places.place import Bytes, PendingBytes, Span
from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.adapters.sources.root.codecs import LARGEST, Check, inflated
from mlaas4hep.adapters.sources.root.damage import FAILURES, DamagedPartError
from mlaas4hep.adapters.sources.root.ntuple.elements import decoded, page_bytes
from mlaas4hep.adapters.sources.root.ntuple.layout import Column
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError
from mlaas4hep.core.data.columns import Array

_CHECKSUM_BYTES = 8


class Pages:
    """The elements of one column; the pages used last are kept."""

    def __init__(
        self,
        column: Column,
        content: Bytes,
        branch: str,
        clusters: Sequence[int],
        count: Check = lambda _size_bytes: None,
    ) -> None:
        """Read nothing yet.

        Args:
            column: where its pages lie.
            content: of the file.
            branch: to which it belongs, for errors.
            clusters: the first entry of each, and the number of entries.
            count: is told to how many bytes a page inflates, before it does; it may refuse.
        """
        self._count = count
        self._branch, self._clusters = branch, clusters
        self._column = column
        self._content = content
        self._firsts = column.first_pages
        self._asked: dict[int, PendingBytes] = {}
        self._pages: dict[int, Array] = {}
        self._used: set[int] = set()

    def missing(self, cluster: int, start: int, stop: int | None) -> list[int]:
        """Return the pages with elements [start, stop) of a cluster that nobody asked for yet."""
        pages = [page for page, *_ in self._holding(cluster, start, stop)]
        return [page for page in pages if page not in self._pages and page not in self._asked]

    def expect(self, page: int, answer: PendingBytes) -> None:
        """Take what waits for the bytes of a page."""
        self._asked[page] = answer

    def span(self, page: int) -> Span:
        """Return where a page lies in the file."""
        start = self._column.starts[page]
        checksum = _CHECKSUM_BYTES if self._column.checked else 0
        return start, start + self._column.sizes[page] + checksum

    def elements(self, cluster: int, start: int, stop: int, needed: int | None) -> Array:
        """Return elements [start, stop) of a cluster.

        Args:
            cluster: its number.
            start: counted in the cluster.
            stop: counted in the cluster.
            needed: how many there must be; what is missing in front of a column that was added
                later is zero. None: as many as there are.
        """
        there = sum(self._column.elements[self._firsts[cluster] : self._firsts[cluster + 1]])
        zeros = 0 if needed is None else needed - there
        if zeros < 0 or (zeros and not self._column.deferred) or stop > there + zeros:
            raise DamagedStreamError(f"column {self._column.number} has {there} elements")
        low, high = max(start - zeros, 0), max(stop - zeros, 0)
        missing = self.missing(cluster, low, high)
        answers = self._content.ask([self.span(page) for page in missing])
        self._asked.update(zip(missing, answers, strict=True))
        parts = [
            self._page(page)[max(low - first, 0) : high - first]
            for page, first, _ in self._holding(cluster, low, high)
        ]
        front = min(zeros, stop) - start
        if front > 0:
            kind = parts[0].dtype if parts else np.dtype(np.int64)
            parts = [np.zeros(front, kind), *parts]
        return joined(parts, None)

    def forget(self) -> None:
        """Forget all pages but the last of those used: the next block may begin there."""
        last = max(self._used, default=-1)
        self._pages = {page: values for page, values in self._pages.items() if page == last}
        self._used.clear()

    def _holding(
        self, cluster: int, start: int, stop: int | None
    ) -> Iterator[tuple[int, int, int]]:
        """Yield the pages with elements [start, stop), and which elements they have."""
        first, last = self._firsts[cluster], self._firsts[cluster + 1]
        ends = list(accumulate(self._column.elements[first:last]))
        end = (ends[-1] if ends else 0) if stop is None else stop
        for number in range(bisect_right(ends, start), len(ends)):
            begin = ends[number - 1] if number else 0
            if begin >= end:
                return
            yield first + number, begin, ends[number]

    def _page(self, page: int) -> Array:
        self._used.add(page)
        if page not in self._pages:
            data = self._asked.pop(page)()
            try:
                self._pages[page] = self._decoded(page, data)
            except FAILURES as error:
                raise self._damaged(page, error) from error
        return self._pages[page]

    def _damaged(self, page: int, error: Exception) -> DamagedPartError:
        cluster = bisect_right(self._firsts, page) - 1
        return DamagedPartError(
            first_line(error),
            branch=self._branch,
            byte=self._column.starts[page],
            entries=(self._clusters[cluster], self._clusters[cluster + 1]),
        )

    def _decoded(self, page: int, data: memoryview) -> Array:
        column, size = self._column, self._column.sizes[page]
        if column.checked:
            checksum = int.from_bytes(data[size:], "little")
            if xxhash.xxh3_64_intdigest(data[:size]) != checksum:
                raise DamagedStreamError("a page with a wrong checksum")
        whole = page_bytes(column, column.elements[page])
        if whole > LARGEST:
            raise DamagedStreamError(f"a page of {whole} bytes")
        inside = (
            data[:size] if size == whole else memoryview(inflated(data[:size], whole, self._count))
        )
        return decoded(column, inside, column.elements[page])


def joined(parts: list[Array], dtype: str | None) -> Array:
    """Return arrays one after the other, as a type if one is asked for."""
    if not parts:
        return np.empty(0, dtype or np.int64)
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return whole if dtype is None else whole.astype(dtype, copy=False)
