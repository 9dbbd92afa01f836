"""One tree, TTree or RNTuple: what it holds, and its entries block by block."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mlaas4hep.adapters.sources.places.place import Place, shown
from mlaas4hep.adapters.sources.root.baskets import Ask, Decoder, surveyed
from mlaas4hep.adapters.sources.root.damage import FAILURES, first_line
from mlaas4hep.adapters.sources.root.forms import (
    Leaf,
    columns_of,
    leaves_of_rntuple,
    leaves_of_ttree,
)
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.adapters.sources.windows import (
    Window,
    block_edges,
)
from mlaas4hep.core import keys
from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError


class KnownTree:
    """What there is to know about a tree before its entries are read, without uproot's objects."""

    def __init__(self, place: Place, path: str, tree: Any) -> None:
        """Take it from uproot's `tree`, which is not kept."""
        found = leaves_of_ttree(tree) if is_ttree(tree) else leaves_of_rntuple(tree)
        every = list(found)
        leaves = [leaf for leaf in every if not leaf.unreadable]
        self._edges = _Edges.of(tree, leaves)
        self._collections = {leaf.name: leaf.collection for leaf in leaves}
        self._baskets = surveyed(leaves) if is_ttree(tree) else dict.fromkeys(self._collections)
        self.info = TreeInfo(
            url=place.url,
            tree=path,
            uuid=str(tree.file.uuid),
            size_bytes=place.size_bytes,
            entries=int(tree.num_entries),
            branches=tuple(
                _branch_info(leaf.name, leaf.dtype, leaf.jagged, leaf.collection) for leaf in leaves
            ),
            unreadable=tuple((leaf.name, leaf.unreadable) for leaf in every if leaf.unreadable),
            boundaries=self._edges.boundaries(leaf.name for leaf in leaves),
            sizes=_sizes(leaves) if is_ttree(tree) else "",
        )

    def layout(self, names: Iterable[str]) -> RootLayout:
        """Return where these branches lie; InvalidRequestError if one is not there."""
        chosen = sorted(set(names))
        for name in chosen:
            if name not in self._baskets:
                raise InvalidRequestError(
                    f"{shown(self.info.url)} has no branch {name!r} that can be numbers",
                    branch=name,
                    hint=nearest(name, self._baskets),
                )
        return RootLayout(
            edges=self._edges.of_blocks(chosen),
            baskets=tuple(leaf for name in chosen if (leaf := self._baskets[name])),
            others=tuple(
                (name, self._collections[name]) for name in chosen if not self._baskets[name]
            ),
        )


class TreeReader:
    """Reads entries of one tree; any number of threads may."""

    def __init__(
        self,
        ask: Ask,
        reopen: Callable[[], Any],
        helper: Executor | None = None,
    ) -> None:
        """Take what gives the bytes of its file.

        Args:
            ask: for the bytes.
            reopen: gives uproot's tree, for what only uproot reads.
            helper: decodes along when it is free.
        """
        self._ask = ask
        self._reopen = reopen
        self._helper = helper
        self._unknown: set[str] = set()  # what turned out to be nothing that we decode

    def blocks(
        self, layout: RootLayout, names: frozenset[str], windows: Sequence[Window]
    ) -> Iterator[Columns]:
        """Yield blocks that follow each other: what we can decode, the rest through uproot."""
        leaves = [leaf for leaf in layout.baskets if leaf.name in names - self._unknown]
        decoder = Decoder(leaves, self._ask, self._helper)
        for window, ours in zip(windows, decoder.blocks(windows), strict=True):
            self._unknown |= decoder.unknown
            theirs = sorted(names - set(ours.names))
            yield _together(ours, self._through_uproot(layout, theirs, window)) if theirs else ours

    def _through_uproot(self, layout: RootLayout, names: Sequence[str], window: Window) -> Columns:
        flat, jagged = {}, {}
        shared: dict[str, Offsets] = {}
        for name, values in _arrays(self._reopen(), names, *window).items():
            if isinstance(values, Jagged):
                jagged[name] = _sharing(values, shared, layout.collection(name))
            else:
                flat[name] = values
        return Columns(entries=window[1] - window[0], flat=flat, jagged=jagged)


def is_ttree(tree: Any) -> bool:
    """Tell a TTree from an RNTuple."""
    return hasattr(tree, "branches")


@lru_cache(maxsize=100_000)  # a thousand files of a thousand branches are mostly alike
def _branch_info(name: str, dtype: str, jagged: bool, collection: str) -> BranchInfo:
    return BranchInfo(name=name, dtype=dtype, jagged=jagged, collection=collection)


def _sizes(leaves: Iterable[Leaf]) -> str:
    return keys.digest([int(leaf.branch.compressed_bytes) for leaf in leaves])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    """Where baskets or clusters begin, and how much lies between."""

    entries: int
    size_bytes: Mapping[str, int]  #: of values in memory
    baskets: Mapping[str, tuple[int, ...]]  #: first entries; one object for those that are alike

    @classmethod
    def of(cls, tree: Any, leaves: Sequence[Leaf]) -> "_Edges":
        entries = int(tree.num_entries)
        if not is_ttree(tree):
            clusters = {int(cluster.num_first_entry) for cluster in tree.cluster_summaries}
            edges = tuple(sorted(clusters | {0, entries}))
            return cls(
                entries=entries,
                size_bytes={leaf.name: 8 * entries for leaf in leaves},
                baskets={leaf.name: edges for leaf in leaves},
            )
        alike: dict[tuple[int, ...], tuple[int, ...]] = {}
        baskets: dict[str, tuple[int, ...]] = {}
        for leaf in leaves:
            edges = tuple(map(int, leaf.branch.entry_offsets))
            baskets[leaf.name] = alike.setdefault(edges, edges)
        sizes = {leaf.name: int(leaf.branch.uncompressed_bytes) for leaf in leaves}
        return cls(entries=entries, size_bytes=sizes, baskets=baskets)

    def boundaries(self, names: Iterable[str]) -> tuple[int, ...]:
        """Return where all these branches begin something new."""
        kinds = {id(self.baskets[name]): self.baskets[name] for name in names}
        common = set.intersection(*map(set, kinds.values())) if kinds else {0}
        return tuple(sorted(common | {0}))

    def of_blocks(self, names: Collection[str]) -> tuple[int, ...]:
        """Return the edges of the blocks in which these branches are always read."""
        size = sum(self.size_bytes[name] for name in names)
        return block_edges(self.boundaries(names), self.entries, size)


def _arrays(tree: Any, names: Sequence[str], start: int, stop: int) -> dict[str, Array | Jagged]:
    window = {"entry_start": start, "entry_stop": stop}
    if not is_ttree(tree):
        record = tree.arrays(filter_name=names, **window)
        return {name: columns_of(record, tuple(name.split("."))) for name in names}
    try:
        found = tree.arrays(names, how=dict, array_cache=None, **window)
    except FAILURES:  # one by one, to name the branch that is to blame, if any
        found = {name: _alone(tree, name, start, stop) for name in names}
    return {name: columns_of(found[name]) for name in names}


def _alone(tree: Any, name: str, start: int, stop: int) -> Any:
    try:
        return tree[name].array(entry_start=start, entry_stop=stop, array_cache=None)
    except FAILURES as error:
        raise InvalidRequestError(
            f"branch {name!r} cannot be read: {first_line(error)}",
            branch=name,
            hint=f'put "{name}" into exclude_branches',
        ) from error


def _together(one: Columns, other: Columns) -> Columns:
    return Columns(
        entries=one.entries,
        flat={**one.flat, **other.flat},
        jagged={**one.jagged, **other.jagged},
    )


def _sharing(rows: Jagged, shared: dict[str, Offsets], collection: str) -> Jagged:
    """Return rows with the same offsets object as the others of their collection, if equal."""
    known = shared.setdefault(collection, rows.offsets)
    if known is not rows.offsets and np.array_equal(known, rows.offsets):
        return Jagged(content=rows.content, offsets=known)
    return rows
