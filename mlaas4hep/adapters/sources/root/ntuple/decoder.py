"""Entries of an RNTuple block by block, out of the pages that hold them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from mlaas4hep.adapters.sources.bytetexts import decoded as decoded_texts
from mlaas4hep.adapters.sources.earlybytes import NOTHING_BEHIND, Behind
from mlaas4hep.adapters.sources.places.place import Bytes, Span
from mlaas4hep.adapters.sources.root.codecs import Check
from mlaas4hep.adapters.sources.root.ntuple.layout import Field, NtupleLayout
from mlaas4hep.adapters.sources.root.ntuple.pages import Pages, joined
from mlaas4hep.adapters.sources.root.ntuple.rows import Cut, Indexes, KnownRows, Rows
from mlaas4hep.adapters.sources.windows import Window, asked_ahead
from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.data.values.texts import TEXT


class NtupleDecoder:
    """Decodes consecutive blocks; keeps the pages that reach into the next one."""

    def __init__(
        self,
        layout: NtupleLayout,
        names: Iterable[str],
        content: Bytes,
        check: Check = lambda _size_bytes: None,
    ) -> None:
        """Read nothing yet; `check` raises when told of more bytes than a block may inflate to."""
        self._check = check
        self._inflated_bytes = 0  #: of one block
        wanted = frozenset(names)
        self._clusters = layout.clusters
        self._fields = [field for field in layout.fields if field.name in wanted]
        self._content = content
        branches = _branches(self._fields)
        self._columns = {
            each.number: Pages(
                each, content, branches.get(each.number, ""), layout.clusters, self._count
            )
            for each in layout.columns
        }

    def blocks(
        self, windows: Iterable[Window], behind: Behind = NOTHING_BEHIND
    ) -> Iterator[Columns]:
        """Yield the entries of each window; the bytes of the next ones are on their way by then.

        Raises:
            DamagedPartError: a page is damaged.
        """
        for window, cuts in asked_ahead(windows, self._ask_for, self.early(behind)):
            yield self._block(*window, cuts)
            for pages in self._columns.values():
                pages.forget()

    def early(self, behind: Behind) -> Iterator[Callable[[], int]]:
        """Yield what asks for the pages of one of the blocks, and returns how many bytes that are."""
        return behind.asking(lambda window: self._missing(self._cuts(*window)).values())

    def _ask_for(self, window: Window) -> tuple[list[Cut], int]:
        """Return the parts of a window, and how many bytes were asked for: what must be needed."""
        cuts = list(self._cuts(*window))
        return cuts, self._ask(cuts)

    def _block(self, start: int, stop: int, cuts: Sequence[Cut]) -> Columns:
        self._inflated_bytes = 0
        rows = KnownRows(self._columns, cuts)
        flat: dict[str, Array] = {}
        jagged: dict[str, Jagged] = {}
        shared: dict[int, Offsets] = {}
        for field in self._fields:
            if field.index is not None and field.inner is not None:
                jagged[field.name] = self._nested(field, rows, (field.index, field.inner))
            elif field.is_count:
                flat[field.name] = rows.of(field.column).counts.astype(field.dtype)
            elif field.index is not None and field.dtype == TEXT:
                flat[field.name] = self._texts(field, rows.of(field.index))
            elif field.index is not None:
                jagged[field.name] = self._row_values(field, rows.of(field.index))
            elif field.jagged:
                values = self._fixed(field, cuts)
                offsets = shared.setdefault(field.length, _steps(stop - start, field.length))
                jagged[field.name] = Jagged(content=values, offsets=offsets)
            else:
                flat[field.name] = self._fixed(field, cuts)
        return Columns(entries=stop - start, flat=flat, jagged=jagged)

    def _count(self, size_bytes: int) -> None:
        """Count what a page inflates to with those of its block; raise if it is too much."""
        self._inflated_bytes += size_bytes
        self._check(self._inflated_bytes)

    def _cuts(self, start: int, stop: int) -> Iterator[Cut]:
        """Yield the parts of a window, one a cluster."""
        first = bisect_right(self._clusters, start) - 1
        for number in range(first, bisect_left(self._clusters, stop)):
            low, high = self._clusters[number], self._clusters[number + 1]
            yield Cut(
                cluster=number,
                start=max(start - low, 0),
                stop=min(stop, high) - low,
                entries=high - low,
            )

    def _ask(self, cuts: Iterable[Cut]) -> int:
        """Have what is known to be needed on its way: all but the values of rows in part.

        Returns:
            How many bytes that are.
        """
        missing = self._missing(cuts)
        answers = self._content.ask(list(missing.values()))
        for (column, page), answer in zip(missing, answers, strict=True):
            self._columns[column].expect(page, answer)
        return sum(stop - start for start, stop in missing.values())

    def _missing(self, cuts: Iterable[Cut]) -> dict[tuple[int, int], Span]:
        """Return where the pages lie that are needed and not asked for, by column and number."""
        return {
            (column, page): pages.span(page)
            for column, cluster, start, stop in self._needed(list(cuts))
            for pages in (self._columns[column],)
            for page in pages.missing(cluster, start, stop)
        }

    def _needed(self, cuts: Iterable[Cut]) -> Iterator[tuple[int, int, int, int | None]]:
        """Yield columns, and the elements [start, stop) of a cluster that are needed of each."""
        for field in self._fields:
            for cut in cuts:
                if field.index is None:
                    length = 1 if field.is_count else field.length
                    yield field.column, cut.cluster, cut.start * length, cut.stop * length
                    continue
                yield field.index, cut.cluster, cut.start, cut.stop
                if cut.is_whole:
                    yield field.column, cut.cluster, 0, None
                if cut.is_whole and field.inner is not None:
                    yield field.inner, cut.cluster, 0, None

    def _fixed(self, field: Field, cuts: Iterable[Cut]) -> Array:
        column, length = self._columns[field.column], field.length
        parts = [
            column.elements(
                cut.cluster, cut.start * length, cut.stop * length, cut.entries * length
            )
            for cut in cuts
        ]
        return joined(parts, field.dtype)

    def _row_values(self, field: Field, rows: Rows) -> Jagged:
        column, length = self._columns[field.column], field.length
        parts = [
            column.elements(cluster, first * length, last * length, None)
            for cluster, first, last in rows.spans
        ]
        dtype = "uint8" if field.dtype == TEXT else field.dtype
        return Jagged(content=joined(parts, dtype), offsets=rows.offsets_of(length))

    def _texts(self, field: Field, rows: Rows) -> Array:
        found = self._row_values(field, rows)
        return decoded_texts(found.content, found.offsets[:-1], found.offsets[1:])

    def _nested(self, field: Field, rows: KnownRows, indexes: Indexes) -> Jagged:
        """Return rows within rows, all values of an entry together, or how many each inner has."""
        inner = rows.within(indexes)
        if field.is_count:
            return Jagged(content=inner.counts, offsets=rows.of(indexes[0]).offsets_of(1))
        values = self._row_values(field, inner)
        return Jagged(content=values.content, offsets=rows.through(indexes, field.length))


def _branches(fields: Iterable[Field]) -> dict[int, str]:
    """Return the name of the first field to which each column belongs."""
    found: dict[int, str] = {}
    for field in fields:
        for column in (field.column, field.index, field.inner):
            if column is not None:
                found.setdefault(column, field.name)
    return found


def _steps(entries: int, length: int) -> Offsets:
    return np.arange(0, (entries + 1) * length, length, dtype=np.int64)
