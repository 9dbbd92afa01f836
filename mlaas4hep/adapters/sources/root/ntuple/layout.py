"""Where the values of some fields of an RNTuple lie."""

from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: numbers of one type, in pages."""

    number: int
    type: int  #: as RNTuple numbers them
    bits: int  #: of each element
    low: float = 0.0  #: of the range of quantised numbers
    high: float = 0.0
    elements: tuple[int, ...]  #: of each page
    starts: tuple[int, ...]  #: where each page begins in the file
    sizes: tuple[int, ...]  #: bytes of each page in the file, without its checksum
    checked: bool  #: checksums follow the pages
    clusters: tuple[int, ...]  #: pages of each cluster
    deferred: bool = False  #: it was added later: what is missing in front is zero

    @property
    def first_pages(self) -> tuple[int, ...]:
        """Return the number of the first page of each cluster, and how many pages there are."""
        return tuple(accumulate(self.clusters, initial=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field, or member of one, that holds numbers."""

    name: str
    collection: str
    dtype: str
    jagged: bool
    length: int  #: values an entry if fixed, or in each element of a row
    column: int  #: number of the column of its values; of a count, the column that is counted
    index: int | None = None  #: number of the column that says where rows end
    inner: int | None = None  #: of rows within rows: the column that says where inner ones end
    is_count: bool = False  #: the values are the row lengths themselves, or those of inner rows


@dataclass(frozen=True, slots=True, kw_only=True)
class NtupleLayout:
    """Where some fields lie."""

    clusters: tuple[int, ...]  #: first entry of each, and the number of entries
    columns: tuple[Column, ...]
    fields: tuple[Field, ...]

    @property
    def size_bytes(self) -> int:
        """Return roughly how much memory all values take."""
        return sum(sum(column.elements) * ((column.bits + 7) // 8) for column in self.columns)
