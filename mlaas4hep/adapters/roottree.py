"""One opened tree, TTree or RNTuple: what it holds, and its entries block by block."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from mlaas4hep.adapters.rootforms import (
    Leaf,
    columns_of,
    leaves_of_rntuple,
    leaves_of_ttree,
)
from mlaas4hep.core.columns import Columns, Jagged, Offsets
from mlaas4hep.core.tree import BranchInfo, TreeInfo

BLOCK_BYTES = 16 * 1024**2  #: of values in memory that one block aims at
MIN_STEP, MAX_STEP = 1000, 100_000  #: entries


class OpenTree:
    """A tree of an open file; any number of threads may read."""

    def __init__(self, url: str, path: str, tree: Any, size_bytes: int) -> None:
        self._url = url
        self._path = path
        self._tree = tree
        self._size_bytes = size_bytes
        self._is_ttree = hasattr(tree, "branches")
        found = leaves_of_ttree(tree) if self._is_ttree else leaves_of_rntuple(tree)
        self._leaves: dict[str, Leaf] = {leaf.name: leaf for leaf in found}
        self._boundaries = lru_cache(maxsize=16)(self._find_boundaries)

    @cached_property
    def info(self) -> TreeInfo:
        """What the file says about the tree."""
        readable = [leaf for leaf in self._leaves.values() if not leaf.unreadable]
        return TreeInfo(
            url=self._url,
            tree=self._path,
            uuid=str(self._tree.file.uuid),
            size_bytes=self._size_bytes,
            entries=int(self._tree.num_entries),
            branches=tuple(map(self._branch_info, readable)),
            unreadable=tuple(
                (leaf.name, leaf.unreadable) for leaf in self._leaves.values() if leaf.unreadable
            ),
            boundaries=self._boundaries(frozenset(leaf.name for leaf in readable)),
        )

    def read(self, names: Iterable[str], start: int, stop: int) -> Iterator[Columns]:
        """Yield entries [start, stop) in blocks."""
        chosen = [self._leaves[name] for name in sorted(set(names))]
        boundaries = self._boundaries(frozenset(leaf.name for leaf in chosen))
        for low, high in blocks(boundaries, start, stop, self._step(chosen)):
            yield self._block(chosen, low, high)

    def _branch_info(self, leaf: Leaf) -> BranchInfo:
        return BranchInfo(
            name=leaf.name,
            dtype=leaf.dtype,
            jagged=leaf.jagged,
            size_bytes=int(leaf.branch.compressed_bytes) if self._is_ttree else 0,
            collection=leaf.collection,
        )

    def _step(self, leaves: Sequence[Leaf]) -> int:
        """Return how many entries make a block of `BLOCK_BYTES`."""
        if self._is_ttree:
            size = sum(int(leaf.branch.uncompressed_bytes) for leaf in leaves)
        else:
            size = self._size_bytes  # at most: all fields, and compressed two or three times
        each = max(1, size // max(1, self.info.entries))
        return min(MAX_STEP, max(MIN_STEP, BLOCK_BYTES // each))

    def _find_boundaries(self, names: frozenset[str]) -> tuple[int, ...]:
        """Return where all these branches begin a new basket, or where clusters begin."""
        if not self._is_ttree:
            starts = {int(c.num_first_entry) for c in self._tree.cluster_summaries}
            return tuple(sorted(starts | {0, int(self._tree.num_entries)}))
        kinds = {tuple(self._leaves[name].branch.entry_offsets) for name in names}
        common = set.intersection(*map(set, kinds)) if kinds else {0}
        return tuple(sorted(int(entry) for entry in common | {0}))

    def _block(self, leaves: Sequence[Leaf], start: int, stop: int) -> Columns:
        arrays = self._arrays(leaves, start, stop)
        flat, jagged = {}, {}
        shared: dict[str, Offsets] = {}
        for leaf in leaves:
            values = arrays[leaf.name]
            if isinstance(values, Jagged):
                jagged[leaf.name] = _sharing(values, shared, leaf.collection)
            else:
                flat[leaf.name] = values
        return Columns(entries=stop - start, flat=flat, jagged=jagged)

    def _arrays(self, leaves: Sequence[Leaf], start: int, stop: int) -> dict[str, Any]:
        window = {"entry_start": start, "entry_stop": stop}
        names = [leaf.name for leaf in leaves]
        if self._is_ttree:
            found = self._tree.arrays(names, how=dict, array_cache=None, **window)
            return {name: columns_of(found[name]) for name in names}
        record = self._tree.arrays(filter_name=names, **window)
        return {name: columns_of(record, tuple(name.split("."))) for name in names}


def blocks(
    boundaries: Sequence[int], start: int, stop: int, step: int
) -> Iterator[tuple[int, int]]:
    """Yield windows of [start, stop) that end at boundaries, of about `step` entries."""
    while start < stop:
        end = _block_end(boundaries, start, step)
        end = min(end, stop)
        yield start, end
        start = end


def _block_end(boundaries: Sequence[int], start: int, step: int) -> int:
    """Return the first boundary at or after start + step, if it is not too far."""
    at = bisect_left(boundaries, start + step)
    if at < len(boundaries) and boundaries[at] <= start + 4 * step:
        return boundaries[at]
    before = boundaries[bisect_right(boundaries, start + step) - 1]
    return before if before > start else start + step


def _sharing(rows: Jagged, shared: dict[str, Offsets], collection: str) -> Jagged:
    """Return rows with the same offsets object as the others of their collection, if equal."""
    known = shared.setdefault(collection, rows.offsets)
    if known is not rows.offsets and np.array_equal(known, rows.offsets):
        return Jagged(content=rows.content, offsets=known)
    return rows
