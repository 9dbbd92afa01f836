"""One tree, TTree or RNTuple: what it holds, and its entries block by block."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from json import dumps
from typing import Any

import numpy as np

from mlaas4hep.adapters.sources.earlybytes import NOTHING_BEHIND, Behind, EarlyBytes
from mlaas4hep.adapters.sources.places.place import Bytes, Place, shown
from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.adapters.sources.root.awkwards import branches_of
from mlaas4hep.adapters.sources.root.codecs import Check
from mlaas4hep.adapters.sources.root.damage import FAILURES
from mlaas4hep.adapters.sources.root.directory import Key
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.adapters.sources.root.leaf import Leaf
from mlaas4hep.adapters.sources.root.leaftable import LeafTable
from mlaas4hep.adapters.sources.root.ntuple.decoder import NtupleDecoder
from mlaas4hep.adapters.sources.root.ntuple.layout import Field, NtupleLayout
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError
from mlaas4hep.adapters.sources.root.ttree.baskets import Decoder
from mlaas4hep.adapters.sources.root.ttree.treecontent import TreeContent
from mlaas4hep.adapters.sources.windows import Window, behind, block_edges
from mlaas4hep.core import keys
from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.data.nesting import SIZES
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError

EXPECTED_BYTES = 4 * 1024**2  #: of a range that is read soon, on their way before it begins
_MOST_ENTRIES_A_BYTE = 100_000  #: a file that tells of more is damaged


class KnownTree:
    """What there is to know about a tree before its entries are read."""

    def __init__(
        self,
        place: Place,
        path: str,
        *,
        uuid: str,
        entries: int,
        leaves: LeafTable,
        pages: Callable[[Sequence[Field]], NtupleLayout] | None = None,
        sizes: str = "",
        key: Key | None = None,
    ) -> None:
        """Take the leaves of a tree of which the name is `path`.

        Args:
            place: of its file.
            path: its name.
            uuid: of the file.
            entries: how many there are.
            leaves: all of them.
            pages: tells where fields of an RNTuple lie.
            sizes: a hash that differs when the content does; without one, sizes of leaves tell.
            key: of a TTree, which may hold baskets itself.
        """
        if entries > _MOST_ENTRIES_A_BYTE * place.size_bytes:
            raise DamagedStreamError(f"{entries} entries in {place.size_bytes} bytes")
        self._pages = pages
        self._key = key
        self._leaves = leaves
        self._edges: dict[bytes, frozenset[int]] = {}
        self._entries = entries
        self.info = TreeInfo(
            url=place.url,
            tree=path,
            uuid=uuid,
            size_bytes=place.size_bytes,
            entries=entries,
            branches=leaves.infos,
            unreadable=leaves.unreadable,
            boundaries=self._boundaries(leaves.edges()),
            sizes=sizes or keys.digest(leaves.stored_bytes()),
        )

    def layout(self, names: Iterable[str]) -> RootLayout:
        """Return where these branches lie; InvalidRequestError if one is not there."""
        leaves = [self._leaf(name) for name in sorted(set(names))]
        fields = [leaf.field for leaf in leaves if leaf.field]
        ntuple = self._pages(fields) if self._pages and fields else None
        size = sum(leaf.values_bytes for leaf in leaves) + (ntuple.size_bytes if ntuple else 0)
        return RootLayout(
            edges=block_edges(
                self._boundaries({leaf.edges for leaf in leaves}), self._entries, size
            ),
            baskets=tuple(
                leaf.lies.baskets(leaf.name, leaf.collection, self.info.size_bytes)
                for leaf in leaves
                if leaf.lies
            ),
            others=tuple(
                (leaf.name, leaf.collection) for leaf in leaves if not (leaf.lies or leaf.field)
            ),
            ntuple=ntuple,
            tree=self._key if any(map(_is_inside, leaves)) else None,
        )

    def _leaf(self, name: str) -> Leaf:
        """Return one leaf.

        Raises:
            InvalidRequestError: there is none of this name.
        """
        leaf = self._leaves.get(name)
        if leaf is None:
            raise InvalidRequestError(
                f"{shown(self.info.url)} has no branch {name!r} that can be numbers",
                branch=name,
                hint=nearest(name, [info.name for info in self.info.branches]),
            )
        return leaf

    def _boundaries(self, kinds: set[bytes]) -> tuple[int, ...]:
        """Return where branches with these edges all begin something new."""
        common = frozenset.intersection(*map(self._firsts, kinds)) if kinds else frozenset()
        return tuple(sorted(common | {0, self._entries}))

    def _firsts(self, edges: bytes) -> frozenset[int]:
        if edges not in self._edges:
            self._edges[edges] = frozenset(np.frombuffer(edges, ">i8").tolist())
        return self._edges[edges]


def _is_inside(leaf: Leaf) -> bool:
    """Tell whether the tree itself holds some of the leaf's baskets, or of its counter's."""
    lies = leaf.lies
    return lies is not None and bool(lies.inside or (lies.counter and lies.counter.inside))


class TreeReader:
    """Reads entries of one tree; any number of threads may."""

    def __init__(
        self,
        content: Bytes | EarlyBytes,
        reopen: Callable[[], Any],
        check: Check,
        helper: Executor | None = None,
    ) -> None:
        """Take what gives the bytes of its file.

        Args:
            content: the bytes.
            reopen: gives uproot's tree, for what only uproot reads.
            check: raises when baskets or pages inflate, for one block, to more bytes than they may.
            helper: decodes along when it is free.
        """
        self._content = content
        self._check = check
        self._reopen = reopen
        self._helper = helper
        self._unknown: set[str] = set()  # what turned out to be nothing that we decode

    def blocks(
        self, layout: RootLayout, names: frozenset[str], windows: Sequence[Window]
    ) -> Iterator[Columns]:
        """Yield blocks that follow each other: what we can decode, the rest through uproot."""
        then = self._behind(layout, names, windows)
        decoder = self._baskets(layout, names)
        pages = self._pages(layout, names)
        decoded = (pages or decoder).blocks(windows, then)
        for window, ours in zip(windows, decoded, strict=True):
            self._unknown |= decoder.unknown
            theirs = sorted(names - set(ours.names))
            yield _together(ours, self._through_uproot(layout, theirs, window)) if theirs else ours

    def expect(self, layout: RootLayout, names: frozenset[str], windows: Sequence[Window]) -> None:
        """Have what the windows begin with on its way, unless somebody has begun to read them."""
        content = self._content
        if isinstance(content, EarlyBytes):
            decoder = self._pages(layout, names) or self._baskets(layout, names)
            early = decoder.early(Behind(windows=windows, content=content))
            content.expect(names, windows[0], early, EXPECTED_BYTES)

    def _baskets(self, layout: RootLayout, names: frozenset[str]) -> Decoder:
        leaves = [leaf for leaf in layout.baskets if leaf.name in names - self._unknown]
        tree = TreeContent(layout.tree, self._content)
        return Decoder(leaves, self._content, self._helper, self._check, tree)

    def _pages(self, layout: RootLayout, names: frozenset[str]) -> NtupleDecoder | None:
        if not layout.ntuple:
            return None
        return NtupleDecoder(layout.ntuple, names, self._content, self._check)

    def _behind(
        self, layout: RootLayout, names: frozenset[str], windows: Sequence[Window]
    ) -> Behind:
        """Return the blocks to ask for early: of a file on a server that is read in order."""
        content = self._content
        if not isinstance(content, EarlyBytes) or not content.begin(names, windows):
            return NOTHING_BEHIND
        more = (w for w in behind(layout.edges, windows[-1][1]) if not content.is_begun(names, w))
        return Behind(windows=more, content=content)

    def _through_uproot(self, layout: RootLayout, names: Sequence[str], window: Window) -> Columns:
        flat, jagged = {}, {}
        shared: dict[str, Offsets] = {}
        found = _arrays(self._reopen(), names, *window)
        for name in names:
            values = found[name]
            if isinstance(values, Jagged):
                jagged[name] = _sharing(values, shared, layout.collection(name))
            else:
                flat[name] = values
        return Columns(entries=window[1] - window[0], flat=flat, jagged=jagged)


def is_ttree(tree: Any) -> bool:
    """Tell a TTree from an RNTuple."""
    return hasattr(tree, "branches")


def _arrays(tree: Any, names: Sequence[str], start: int, stop: int) -> dict[str, Array | Jagged]:
    window = {"entry_start": start, "entry_stop": stop}
    stored = sorted({_stored_name(tree, name) for name in names})
    if not is_ttree(tree):
        record = tree.arrays(filter_name=stored, **window)
        return _as_branches((name, record, tuple(name.split("."))) for name in stored)
    try:
        found = tree.arrays(stored, how=dict, array_cache=None, **window)
        return _as_branches((name, found[name], ()) for name in stored)
    except FAILURES:  # one by one, to name all branches that are to blame, if any
        return _one_by_one(tree, stored, window)


def _stored_name(tree: Any, name: str) -> str:
    """Return the branch whose array tells of `name`: of sizes, that of what they are the sizes."""
    return name if name in tree else name.removesuffix(SIZES)


def _as_branches(arrays: Iterable[tuple[str, Any, tuple[str, ...]]]) -> dict[str, Array | Jagged]:
    found: dict[str, Array | Jagged] = {}
    for name, array, path in arrays:
        found |= branches_of(name, array, path)
    return found


def _one_by_one(
    tree: Any, names: Sequence[str], window: dict[str, int]
) -> dict[str, Array | Jagged]:
    found: dict[str, Array | Jagged] = {}
    failed: dict[str, Exception] = {}
    for name in names:
        try:
            found |= branches_of(name, tree[name].array(array_cache=None, **window))
        except FAILURES as error:
            failed[name] = error
    if failed:
        raise _unreadable(failed)
    return found


def _unreadable(failed: Mapping[str, Exception]) -> InvalidRequestError:
    """Return one error about all branches that failed."""
    name, *others = failed
    more = f" (nor {', '.join(map(repr, others))})" if others else ""
    return InvalidRequestError(
        f"branch {name!r} cannot be read{more}: {first_line(failed[name])}",
        branch=name,
        hint=f"put {', '.join(map(dumps, failed))} into exclude_branches",
    )


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
