"""One opened tree, TTree or RNTuple: what it holds, and its entries block by block."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np

from mlaas4hep.adapters.baskets import Ask, BasketLeaf, Decoder, Window
from mlaas4hep.adapters.damage import FAILURES, first_line
from mlaas4hep.adapters.keptblocks import KeptBlocks
from mlaas4hep.adapters.rootforms import (
    Leaf,
    columns_of,
    leaves_of_rntuple,
    leaves_of_ttree,
)
from mlaas4hep.core.columns import Columns, Jagged, Offsets
from mlaas4hep.core.tree import BranchInfo, TreeInfo
from mlaas4hep.errors import InvalidRequestError

BLOCK_BYTES = 16 * 1024**2  #: of values in memory that one block aims at
MIN_STEP, MAX_STEP = 1000, 100_000  #: entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an open file gives besides its tree."""

    size_bytes: int
    ask: Ask
    helper: Executor | None = None  #: a thread that decodes half of each block


class OpenTree:
    """A tree of an open file; any number of threads may read."""

    def __init__(self, url: str, path: str, tree: Any, place: Opening, kept: KeptBlocks) -> None:
        self._url = url
        self._path = path
        self._tree = tree
        self._size_bytes = place.size_bytes
        self._ask = place.ask
        self._helper = place.helper
        self._kept = kept
        self._token = object()  # tells our blocks from those of every other tree
        self._is_ttree = hasattr(tree, "branches")
        found = leaves_of_ttree(tree) if self._is_ttree else leaves_of_rntuple(tree)
        self._leaves: dict[str, Leaf] = {leaf.name: leaf for leaf in found}
        self._baskets: dict[str, BasketLeaf | None] = {}  #: None: uproot reads it
        self._boundaries = lru_cache(maxsize=16)(self._find_boundaries)
        self._windows = lru_cache(maxsize=16)(self._find_windows)

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
        """Yield entries [start, stop) in blocks.

        A block that is wanted in part is kept for whoever wants the rest.
        """
        chosen = frozenset(names)
        windows = list(overlapping(self._windows(chosen), start, stop))
        whole = self._blocks(chosen, [each for each in windows if _inside(each, start, stop)])
        for window in windows:
            if _inside(window, start, stop):
                yield next(whole)
            else:
                make = partial(self._one_block, chosen, window)
                key = self._token, chosen, window
                low, high = window
                yield self._kept.rows(key, make, max(start, low) - low, min(stop, high) - low)

    def _one_block(self, names: frozenset[str], window: Window) -> Columns:
        return next(self._blocks(names, [window]))

    def _blocks(self, names: frozenset[str], windows: Sequence[Window]) -> Iterator[Columns]:
        """Yield blocks: what we can decode, and the rest through uproot."""
        decoder = self._decoder(names)
        for window, ours in zip(windows, decoder.blocks(windows), strict=True):
            self._baskets.update(dict.fromkeys(decoder.unknown))
            theirs = [self._leaves[name] for name in sorted(names - set(ours.names))]
            yield _together(ours, self._through_uproot(theirs, *window)) if theirs else ours

    def _decoder(self, names: frozenset[str]) -> Decoder:
        """Return a decoder of those branches that we can decode."""
        leaves = (self._basket_leaf(name) for name in sorted(names))
        return Decoder((leaf for leaf in leaves if leaf), self._ask, self._helper)

    def _basket_leaf(self, name: str) -> BasketLeaf | None:
        if name not in self._baskets:
            leaf = self._leaves[name]
            self._baskets[name] = (
                BasketLeaf.of(name, leaf.collection, leaf.branch) if self._is_ttree else None
            )
        return self._baskets[name]

    def _branch_info(self, leaf: Leaf) -> BranchInfo:
        return BranchInfo(
            name=leaf.name,
            dtype=leaf.dtype,
            jagged=leaf.jagged,
            size_bytes=int(leaf.branch.compressed_bytes) if self._is_ttree else 0,
            collection=leaf.collection,
        )

    def _find_windows(self, names: frozenset[str]) -> tuple[int, ...]:
        """Return the edges of the blocks in which these branches are always read."""
        step = self._step([self._leaves[name] for name in names])
        return tuple(edges(self._boundaries(names), self.info.entries, step))

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

    def _through_uproot(self, leaves: Sequence[Leaf], start: int, stop: int) -> Columns:
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
            try:
                found = self._tree.arrays(names, how=dict, array_cache=None, **window)
            except FAILURES:  # one by one, to name the branch that is to blame, if any
                found = {leaf.name: _alone(leaf, start, stop) for leaf in leaves}
            return {name: columns_of(found[name]) for name in names}
        record = self._tree.arrays(filter_name=names, **window)
        return {name: columns_of(record, tuple(name.split("."))) for name in names}


def _alone(leaf: Leaf, start: int, stop: int) -> Any:
    try:
        return leaf.branch.array(entry_start=start, entry_stop=stop, array_cache=None)
    except FAILURES as error:
        raise InvalidRequestError(
            f"branch {leaf.name!r} cannot be read: {first_line(error)}",
            branch=leaf.name,
            hint=f'put "{leaf.name}" into exclude_branches',
        ) from error


def _inside(window: Window, start: int, stop: int) -> bool:
    return start <= window[0] and window[1] <= stop


def _together(one: Columns, other: Columns) -> Columns:
    return Columns(
        entries=one.entries,
        flat={**one.flat, **other.flat},
        jagged={**one.jagged, **other.jagged},
    )


def edges(boundaries: Sequence[int], entries: int, step: int) -> Iterator[int]:
    """Yield 0, entries, and where blocks of about `step` entries end, at boundaries if near."""
    edge = 0
    yield edge
    while edge < entries:
        edge = min(_block_end(boundaries, edge, step), entries)
        yield edge


def overlapping(edges: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the blocks that hold entries of [start, stop)."""
    for at in range(bisect_right(edges, start) - 1, bisect_left(edges, stop)):
        yield edges[at], edges[at + 1]


def _block_end(boundaries: Sequence[int], start: int, step: int) -> int:
    """Return the first boundary at or after start + step, if it is not too far."""
    at = bisect_left(boundaries, start + step)
    if at < len(boundaries) and boundaries[at] <= start + 4 * step:
        return boundaries[at]
    before = boundaries[at - 1]
    return before if before > start else start + step


def _sharing(rows: Jagged, shared: dict[str, Offsets], collection: str) -> Jagged:
    """Return rows with the same offsets object as the others of their collection, if equal."""
    known = shared.setdefault(collection, rows.offsets)
    if known is not rows.offsets and np.array_equal(known, rows.offsets):
        return Jagged(content=rows.content, offsets=known)
    return rows
