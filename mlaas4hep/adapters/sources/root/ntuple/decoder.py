"""Entries of an RNTuple block by block: the pages that hold them are fetched, inflated and cut."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import xxhash

from mlaas4hep.adapters.sources.bytetexts import decoded as decoded_texts
from mlaas4hep.adapters.sources.places.place import Bytes, PendingBytes, Span
from mlaas4hep.adapters.sources.root.codecs import LARGEST, inflated
from mlaas4hep.adapters.sources.root.ntuple.elements import decoded, page_bytes
from mlaas4hep.adapters.sources.root.ntuple.layout import Column, Field, NtupleLayout
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.data.values.texts import TEXT

_CHECKSUM_BYTES = 8


class NtupleDecoder:
    """Decodes consecutive blocks; keeps the pages that reach into the next one."""

    def __init__(self, layout: NtupleLayout, names: Iterable[str], content: Bytes) -> None:
        wanted = frozenset(names)
        self._clusters = layout.clusters
        self._fields = [field for field in layout.fields if field.name in wanted]
        self._columns = {each.number: _Reader(each, content) for each in layout.columns}

    def blocks(self, windows: Iterable[Window]) -> Iterator[Columns]:
        """Yield the entries of each window; the bytes of the next one are on their way by then.

        Raises:
            DamagedStreamError: a page is damaged.
        """
        asked = self._asked(windows)
        window, cuts = next(asked, (None, []))
        while window:
            before, current = window, cuts
            window, cuts = next(asked, (None, []))
            yield self._block(*before, current)
            for reader in self._columns.values():
                reader.forget()

    def _asked(self, windows: Iterable[Window]) -> Iterator[tuple[Window, list["_Cut"]]]:
        """Yield each window with its parts; what is known to be needed has been asked for."""
        for window in windows:
            cuts = list(self._cuts(*window))
            self._ask(cuts)
            yield window, cuts

    def _block(self, start: int, stop: int, cuts: Sequence["_Cut"]) -> Columns:
        rows = _KnownRows(self._columns, cuts)
        flat: dict[str, Array] = {}
        jagged: dict[str, Jagged] = {}
        shared: dict[int, Offsets] = {}
        for field in self._fields:
            if field.inner is not None:
                jagged[field.name] = self._nested(field, rows)
            elif field.is_count:
                flat[field.name] = rows.of(field.column).counts.astype(field.dtype)
            elif field.index is not None and field.dtype == TEXT:
                texts = self._row_values(field, rows.of(field.index))
                flat[field.name] = decoded_texts(
                    texts.content, texts.offsets[:-1], texts.offsets[1:]
                )
            elif field.index is not None:
                jagged[field.name] = self._row_values(field, rows.of(field.index))
            elif field.jagged:
                values = self._fixed(field, cuts)
                offsets = shared.setdefault(field.length, _steps(stop - start, field.length))
                jagged[field.name] = Jagged(content=values, offsets=offsets)
            else:
                flat[field.name] = self._fixed(field, cuts)
        return Columns(entries=stop - start, flat=flat, jagged=jagged)

    def _cuts(self, start: int, stop: int) -> Iterator["_Cut"]:
        """Yield the parts of a window, one a cluster."""
        first = bisect_right(self._clusters, start) - 1
        for number in range(first, bisect_left(self._clusters, stop)):
            low, high = self._clusters[number], self._clusters[number + 1]
            yield _Cut(
                cluster=number,
                start=max(start - low, 0),
                stop=min(stop, high) - low,
                entries=high - low,
            )

    def _ask(self, cuts: Iterable["_Cut"]) -> None:
        """Have what is known to be needed on its way: all but the values of rows in part."""
        for field in self._fields:
            for cut in cuts:
                if field.index is None:
                    column = self._columns[field.column]
                    length = 1 if field.is_count else field.length
                    column.ask(cut.cluster, cut.start * length, cut.stop * length)
                else:
                    self._columns[field.index].ask(cut.cluster, cut.start, cut.stop)
                    if cut.is_whole:
                        self._columns[field.column].ask(cut.cluster, 0, None)
                    if cut.is_whole and field.inner is not None:
                        self._columns[field.inner].ask(cut.cluster, 0, None)

    def _fixed(self, field: Field, cuts: Iterable["_Cut"]) -> Array:
        column, length = self._columns[field.column], field.length
        parts = [
            column.elements(
                cut.cluster, cut.start * length, cut.stop * length, cut.entries * length
            )
            for cut in cuts
        ]
        return _joined(parts, field.dtype)

    def _row_values(self, field: Field, rows: "_Rows") -> Jagged:
        column, length = self._columns[field.column], field.length
        parts = [
            column.elements(cluster, first * length, last * length, None)
            for cluster, first, last in rows.spans
        ]
        dtype = "uint8" if field.dtype == TEXT else field.dtype
        return Jagged(content=_joined(parts, dtype), offsets=rows.offsets_of(length))

    def _nested(self, field: Field, rows: "_KnownRows") -> Jagged:
        """Return rows within rows, all values of an entry together, or how many each inner has."""
        outer, inner = rows.within(field)
        if field.is_count:
            return Jagged(content=inner.counts, offsets=outer.offsets_of(1))
        values = self._row_values(field, inner)
        return Jagged(content=values.content, offsets=rows.through(field))


class _KnownRows:
    """The rows of a window, by the columns that say where they end; each is looked up once."""

    def __init__(self, columns: Mapping[int, "_Reader"], cuts: Sequence["_Cut"]) -> None:
        self._columns = columns
        self._cuts = cuts
        self._rows: dict[int, _Rows] = {}
        self._inner: dict[tuple[int, int], _Rows] = {}
        self._through: dict[tuple[int, int, int], Offsets] = {}

    def of(self, index: int) -> "_Rows":
        """Return the rows of entries."""
        if index not in self._rows:
            parts = [(cut.cluster, cut.start, cut.stop, cut.entries) for cut in self._cuts]
            self._rows[index] = _Rows.of(self._columns[index], parts)
        return self._rows[index]

    def within(self, field: Field) -> tuple["_Rows", "_Rows"]:
        """Return the rows of entries, and those within them."""
        outer, key = self.of(field.index or 0), (field.index or 0, field.inner or 0)
        if key not in self._inner:
            self._inner[key] = _Rows.of(self._columns[key[1]], [(*s, None) for s in outer.spans])
        return outer, self._inner[key]

    def through(self, field: Field) -> Offsets:
        """Return where the values of each entry begin; one object for all of an inner list."""
        outer, inner = self.within(field)
        key = field.index or 0, field.inner or 0, field.length
        if key not in self._through:
            self._through[key] = inner.offsets_of(field.length)[outer.offsets_of(1)]
        return self._through[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Entries [start, stop) of one cluster, counted in it."""

    cluster: int
    start: int
    stop: int
    entries: int  #: of the whole cluster

    @property
    def is_whole(self) -> bool:
        return (self.start, self.stop) == (0, self.entries)


@dataclass(slots=True, kw_only=True)
class _Rows:
    """Where the rows of a window lie."""

    counts: Offsets
    spans: list[tuple[int, int, int]]  #: cluster, first element and end, counted in it
    offsets: dict[int, Offsets]  #: by values in each element

    @classmethod
    def of(cls, column: "_Reader", parts: Iterable[tuple[int, int, int, int | None]]) -> "_Rows":
        """Return rows of which a column tells the ends.

        Args:
            column: tells them.
            parts: cluster, first row and end counted in it, rows of the whole cluster if known.
        """
        counts, spans = [np.zeros(0, np.int64)], []
        for cluster, start, stop, needed in parts:
            ends = column.elements(cluster, max(start - 1, 0), stop, needed)
            if not start:
                ends = np.concatenate((np.zeros(1, np.int64), ends))
            lengths = np.diff(ends)
            if ends[0] < 0 or lengths.min(initial=0) < 0:
                raise DamagedStreamError("rows that end before they begin")
            counts.append(lengths)
            spans.append((cluster, int(ends[0]), int(ends[-1])))
        return cls(counts=np.concatenate(counts), spans=spans, offsets={})

    def offsets_of(self, length: int) -> Offsets:
        """Return the offsets of all rows; one object for branches of one collection."""
        if length not in self.offsets:
            offsets = np.zeros(len(self.counts) + 1, np.int64)
            np.cumsum(self.counts, out=offsets[1:])
            self.offsets[length] = offsets * length if length > 1 else offsets
        return self.offsets[length]


class _Reader:
    """The elements of one column; the pages used last are kept."""

    def __init__(self, column: Column, content: Bytes) -> None:
        self._column = column
        self._content = content
        self._firsts = column.first_pages
        self._asked: dict[int, PendingBytes] = {}
        self._pages: dict[int, Array] = {}
        self._used: set[int] = set()

    def ask(self, cluster: int, start: int, stop: int | None) -> None:
        """Have the pages with elements [start, stop) of a cluster on their way."""
        pages = [page for page, *_ in self._holding(cluster, start, stop)]
        missing = [page for page in pages if page not in self._pages and page not in self._asked]
        answers = self._content.ask([self._span(page) for page in missing])
        self._asked.update(zip(missing, answers, strict=True))

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
        self.ask(cluster, low, high)
        parts = [
            self._page(page)[max(low - first, 0) : high - first]
            for page, first, _ in self._holding(cluster, low, high)
        ]
        front = min(zeros, stop) - start
        if front > 0:
            kind = parts[0].dtype if parts else np.dtype(np.int64)
            parts = [np.zeros(front, kind), *parts]
        return _joined(parts, None)

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

    def _span(self, page: int) -> Span:
        start = self._column.starts[page]
        checksum = _CHECKSUM_BYTES if self._column.checked else 0
        return start, start + self._column.sizes[page] + checksum

    def _page(self, page: int) -> Array:
        self._used.add(page)
        if page not in self._pages:
            self._pages[page] = self._decoded(page, self._asked.pop(page)())
        return self._pages[page]

    def _decoded(self, page: int, data: memoryview) -> Array:
        column, size = self._column, self._column.sizes[page]
        if column.checked:
            checksum = int.from_bytes(data[size:], "little")
            if xxhash.xxh3_64_intdigest(data[:size]) != checksum:
                raise DamagedStreamError("a page with a wrong checksum")
        whole = page_bytes(column, column.elements[page])
        if whole > LARGEST:
            raise DamagedStreamError(f"a page of {whole} bytes")
        inside = data[:size] if size == whole else memoryview(inflated(data[:size], whole))
        return decoded(column, inside, column.elements[page])


def _joined(parts: list[Array], dtype: str | None) -> Array:
    if not parts:
        return np.empty(0, dtype or np.int64)
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return whole if dtype is None else whole.astype(dtype, copy=False)


def _steps(entries: int, length: int) -> Offsets:
    return np.arange(0, (entries + 1) * length, length, dtype=np.int64)
