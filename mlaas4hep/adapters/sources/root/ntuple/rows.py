"""The rows of a window of an RNTuple: where they begin, in entries and in the pages of columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlaas4hep.adapters.sources.root.ntuple.pages import Pages
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError
from mlaas4hep.core.data.columns import Offsets

Indexes = tuple[int, int]  #: columns that say where rows end, and rows within them


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Entries [start, stop) of one cluster, counted in it."""

    cluster: int
    start: int
    stop: int
    entries: int  #: of the whole cluster

    @property
    def is_whole(self) -> bool:
        """Tell whether these are all entries of the cluster."""
        return (self.start, self.stop) == (0, self.entries)


@dataclass(slots=True, kw_only=True)
class Rows:
    """Where the rows of a window lie."""

    counts: Offsets
    spans: list[tuple[int, int, int]]  #: cluster, first element and end, counted in it
    offsets: dict[int, Offsets]  #: by values in each element

    @classmethod
    def of(cls, column: Pages, parts: Iterable[tuple[int, int, int, int | None]]) -> "Rows":
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


class KnownRows:
    """The rows of a window, by the columns that say where they end; each is looked up once."""

    def __init__(self, columns: Mapping[int, Pages], cuts: Sequence[Cut]) -> None:
        self._columns = columns
        self._cuts = cuts
        self._rows: dict[int, Rows] = {}
        self._inner: dict[Indexes, Rows] = {}
        self._through: dict[tuple[Indexes, int], Offsets] = {}

    def of(self, index: int) -> Rows:
        """Return the rows of entries."""
        if index not in self._rows:
            parts = [(cut.cluster, cut.start, cut.stop, cut.entries) for cut in self._cuts]
            self._rows[index] = Rows.of(self._columns[index], parts)
        return self._rows[index]

    def within(self, indexes: Indexes) -> Rows:
        """Return the rows within the rows of entries."""
        if indexes not in self._inner:
            outer, inner = indexes
            parts = [(*span, None) for span in self.of(outer).spans]
            self._inner[indexes] = Rows.of(self._columns[inner], parts)
        return self._inner[indexes]

    def through(self, indexes: Indexes, length: int) -> Offsets:
        """Return where the values of each entry begin; one object for all of an inner list."""
        key = indexes, length
        if key not in self._through:
            offsets = self.within(indexes).offsets_of(length)
            self._through[key] = offsets[self.of(indexes[0]).offsets_of(1)]
        return self._through[key]
