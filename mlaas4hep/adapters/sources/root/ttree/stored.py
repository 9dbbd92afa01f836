"""A TTree as it is stored: its branches, their leaves, and where their baskets are told."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.sources.root.ttree.inside import NOTHING_INSIDE, InsideBaskets, Span

_NOWHERE = bytes(8)
T = TypeVar("T", int, NDArray[np.int64])
ListedBaskets = tuple[bytes, bytes, bytes, tuple[Span, ...]]
"""First entries, places and lengths of baskets in the file, and where those in the tree are."""
NumbersAt = tuple[int, int, int]
"""Where the numbers of a branch stand: the first, those behind TIOFeatures, and the last two."""


def lists_at(flag_at: T, room: T) -> tuple[T, T, T]:
    """Return where the lists of lengths, first entries and places begin: behind a flag each.

    Args:
        flag_at: where the first flag stands.
        room: numbers in each list: of 4, 8 and 8 bytes.
    """
    return flag_at + 1, flag_at + 2 + 4 * room, flag_at + 3 + 12 * room


@dataclass(slots=True, kw_only=True, eq=False)
class StoredLeaf:
    """One leaf: what the values of a branch are."""

    name: str
    title: str
    class_name: str
    length: int  #: values an entry, or a row's element
    is_unsigned: bool
    counter: "StoredLeaf | None"
    element_type: int = -1  #: of a TLeafElement
    branch: "StoredBranch | None" = None


@dataclass(slots=True, kw_only=True, eq=False)
class StoredBranch:
    """One branch, and where its baskets are told in the bytes of the tree."""

    name: str
    class_name: str
    branches: list["StoredBranch"]
    leaves: list[StoredLeaf]
    entries: int
    first_entry: int
    values_bytes: int
    stored_bytes: int
    baskets: int  #: written ones
    room: int  #: numbers in each list of baskets
    embedded: bool  #: some baskets are among these bytes
    lists: tuple[int, int, int]  #: where lengths, first entries and places begin
    elsewhere: str  #: another file that has the values
    numbers: NumbersAt
    element_class: str = ""  #: of a TBranchElement or TBranchObject
    element_type: int = -1  #: fType of a TBranchElement
    streamer_type: int = -1
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTree:
    """A TTree and the bytes it was read from, without the baskets that lie in it."""

    data: bytes
    entries: int
    branches: list[StoredBranch]
    entries_at: int  #: where the number of entries stands
    end: int  #: where the branches end
    changing: tuple[tuple[int, int], ...]  #: bytes that differ from file to file of one production
    inside: InsideBaskets = NOTHING_INSIDE  #: those that were taken out

    def lowest(self) -> Iterator[StoredBranch]:
        """Yield the branches without branches below them, with their paths; all are named."""
        todo = [(branch, "") for branch in reversed(self.branches)]
        while todo:
            branch, above = todo.pop()
            branch.path = above + branch.name
            if branch.branches:
                todo += [(each, f"{branch.path}/") for each in reversed(branch.branches)]
            else:
                yield branch

    def baskets(self, branch: StoredBranch) -> ListedBaskets:
        """Return where the baskets of a branch are."""
        return listed(self.data, branch.lists, branch.room, branch.baskets, self.inside)


def listed(
    data: bytes, lists: tuple[int, int, int], room: int, baskets: int, inside: InsideBaskets
) -> ListedBaskets:
    """Return where the baskets of a branch are.

    Args:
        data: of the tree.
        lists: where lengths, first entries and places begin.
        room: numbers in each list.
        baskets: that were written.
        inside: those that were taken out of the tree, which come behind them.
    """
    count = min(max(baskets, 0), room)
    lengths, entries, places = lists
    starts = data[places : places + 8 * count]
    if starts[-8:] == _NOWHERE:  # those behind the last one in the file are in the tree
        count = next(i for i in range(count) if starts[8 * i : 8 * i + 8] == _NOWHERE)
    spans = inside.of(lengths - 1)
    return (
        data[entries : entries + 8 * min(count + len(spans), room)],
        starts[: 8 * count],
        data[lengths : lengths + 4 * count],
        spans,
    )
