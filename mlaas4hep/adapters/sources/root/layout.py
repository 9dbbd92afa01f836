"""Where the values of some branches lie in a ROOT file: the layout of its surveys."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlaas4hep.adapters.sources.root.directory import Key
from mlaas4hep.adapters.sources.root.ntuple.layout import NtupleLayout
from mlaas4hep.core.data.values.texts import TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How `Double32_t` and `Float16_t` are stored: as part of a range, or with fewer bits."""

    low: float = 0.0
    factor: float = 0.0  #: steps a unit; 0: not part of a range
    bits: int = 0  #: of the mantissa; 0: part of a range
    wanted: Literal["float32", "float64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How the values of a branch are stored."""

    stored: str  #: NumPy's name of the type in the file, big endian
    length: int = 1  #: values an entry if fixed, 0 for rows
    jagged: bool = False
    inner: int = 1  #: values in each element of a row
    header: int = 0  #: bytes before the values of each row
    stride: int = 0  #: bytes of an entry that holds other values, too; 0: it does not
    at: int = 0  #: where the values begin in such an entry
    mark: tuple[int, int] = (0, 0)  #: a place in such an entry, and the four-byte number there
    packing: Packing | None = None
    text: bool = False  #: rows are texts, each with its length before it

    @property
    def dtype(self) -> "np.dtype[np.generic]":
        """Return the type in the file."""
        return np.dtype(self.stored)

    @property
    def in_memory(self) -> str:
        """Return NumPy's name of the type in memory."""
        if self.text:
            return TEXT
        return self.packing.wanted if self.packing else self.dtype.newbyteorder("=").name


@dataclass(frozen=True, slots=True, kw_only=True)
class Baskets:
    """One branch of a TTree that can be decoded, and where its baskets lie."""

    name: str
    collection: str  #: branches with the same one have the same row lengths
    kind: Kind
    entries: tuple[int, ...]  #: first entry of each basket, and the number of entries
    starts: tuple[int, ...]  #: where each basket begins that is in the file
    stops: tuple[int, ...]
    inside: tuple[tuple[int, int], ...] = ()  #: where those behind them are, in the tree itself
    counter: "Baskets | None" = None  #: gives the row lengths when no offsets are stored

    def holding(self, start: int, stop: int) -> range:
        """Return the numbers of the baskets that hold entries [start, stop)."""
        return range(bisect_right(self.entries, start) - 1, bisect_left(self.entries, stop))


@dataclass(frozen=True, slots=True, kw_only=True)
class RootLayout:
    """Where some branches of one tree lie."""

    edges: tuple[int, ...]  #: of the blocks in which these branches are always read
    baskets: tuple[Baskets, ...]
    others: tuple[tuple[str, str], ...] = ()  #: (branch, collection): a library has to read them
    ntuple: NtupleLayout | None = None  #: of fields that can be decoded
    tree: Key | None = None  #: holds baskets itself

    @property
    def weight(self) -> int:
        """Return how many baskets and pages are known, which is what the memory goes to."""
        columns = self.ntuple.columns if self.ntuple else ()
        return (
            len(self.edges)
            + sum(len(branch.entries) for branch in self.baskets)
            + sum(len(column.elements) for column in columns)
        )

    def collection(self, name: str) -> str:
        """Return the collection of one of these branches."""
        known = dict(self.others) | {branch.name: branch.collection for branch in self.baskets}
        return known[name]
