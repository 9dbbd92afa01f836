"""All leaves of one tree, of which few are looked at: names and sizes of all, places of the chosen."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Protocol

from mlaas4hep.adapters.sources.root.leaf import Leaf
from mlaas4hep.core.data.tree import BranchInfo


class LeafTable(Protocol):
    """The leaves of a tree; those that cannot be numbers are known by name only."""

    @property
    def infos(self) -> tuple[BranchInfo, ...]:
        """Return what each leaf is that can be numbers."""

    @property
    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """Return the names of all others, and why they cannot."""

    def edges(self) -> set[bytes]:
        """Return the different lists of entries where leaves begin something new, big endian."""

    def stored_bytes(self) -> list[int]:
        """Return how many bytes each leaf of `infos` takes in the file."""

    def get(self, name: str) -> Leaf | None:
        """Return a leaf that can be numbers; None if there is none of this name."""

    def __iter__(self) -> Iterator[Leaf]:
        """Yield all leaves."""


class ListedLeaves:
    """Leaves that were all read one by one."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self._all = leaves
        self._readable = {leaf.name: leaf for leaf in leaves if not leaf.unreadable}

    @property
    def infos(self) -> tuple[BranchInfo, ...]:
        """Return what each leaf is that can be numbers."""
        return tuple(map(info_of, self._readable.values()))

    @property
    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """Return the names of all others, and why they cannot."""
        return tuple((leaf.name, leaf.unreadable) for leaf in self._all if leaf.unreadable)

    def edges(self) -> set[bytes]:
        """Return the different lists of entries where leaves begin something new."""
        return {leaf.edges for leaf in self._readable.values()}

    def stored_bytes(self) -> list[int]:
        """Return how many bytes each leaf of `infos` takes in the file."""
        return [leaf.stored_bytes for leaf in self._readable.values()]

    def get(self, name: str) -> Leaf | None:
        """Return a leaf that can be numbers; None if there is none of this name."""
        return self._readable.get(name)

    def __iter__(self) -> Iterator[Leaf]:
        """Yield all leaves."""
        return iter(self._all)


def info_of(leaf: Leaf) -> BranchInfo:
    """Return what a leaf is."""
    return branch_info(leaf.name, leaf.dtype, leaf.jagged, leaf.collection)


@lru_cache(maxsize=100_000)  # a thousand files of a thousand branches are mostly alike
def branch_info(name: str, dtype: str, jagged: bool, collection: str) -> BranchInfo:
    """Return what a branch is; the same object for the same."""
    return BranchInfo(name=name, dtype=dtype, jagged=jagged, collection=collection)
