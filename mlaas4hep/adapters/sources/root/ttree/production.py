"""Files of one production have the same tree: only its numbers differ, and are taken anew.

A tree that was read is kept with a mask of its bytes that may differ: counts, sizes, places of
baskets, ranges of leaves. Of the next tree all other bytes are compared; if they are the same, so
are its branches, and the numbers stand where they stood.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.sources.root.leaf import Leaf, Lies
from mlaas4hep.adapters.sources.root.ttree.leaves import Origin, leaves_of_stored
from mlaas4hep.adapters.sources.root.ttree.reading import read_tree
from mlaas4hep.adapters.sources.root.ttree.stored import StoredTree
from mlaas4hep.core.collector import no_collection

KNOWN = 8  #: trees that are kept
_BASKETS, _ROOM, _ENTRIES, _FIRST, _STORED = 12, 4, 12, 20, 8  #: bytes before them, of `NumbersAt`


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A leaf as it was read first, and the numbers of its branch and counter among all."""

    leaf: Leaf
    number: int
    counter: int  #: -1: it has none


class Production:
    """What the trees of one production have in common."""

    def __init__(self, tree: StoredTree, leaves: Sequence[Origin]) -> None:
        branches = {id(b): b for _, *of in leaves for b in of if b is not None}
        numbers = {key: number for number, key in enumerate(branches)}
        self._branches = list(branches.values())
        self._members = [
            _Member(leaf=leaf, number=numbers[id(b)], counter=numbers[id(c)] if c else -1)
            for leaf, b, c in leaves
        ]
        self._entries_at, self._end = tree.entries_at, tree.end
        self._bytes = np.frombuffer(tree.data, np.uint8, tree.end)
        same = bytearray(b"\xff") * tree.end
        for start, stop in tree.changing:
            same[start:stop] = bytes(stop - start)
        self._same = np.frombuffer(same, np.uint8)
        before, behind, sizes = np.array([b.numbers for b in self._branches], np.int64).T
        self._rooms = np.array([branch.room for branch in self._branches])
        self._at = {
            "baskets": before + _BASKETS,
            "room": behind + _ROOM,
            "entries": behind + _ENTRIES,
            "values_bytes": sizes,
            "stored_bytes": sizes + _STORED,
        }
        firsts = behind + _FIRST
        self._firsts = firsts[firsts < sizes]

    def leaves(self, data: bytes) -> tuple[int, list[Leaf]] | None:
        """Return entries and leaves of another tree; None if it is not of this production."""
        if len(data) < self._end:
            return None
        mine = np.frombuffer(data, np.uint8, self._end)
        if ((mine ^ self._bytes) & self._same).any():
            return None
        entries = int(_numbers(mine, np.array([self._entries_at]), ">i8")[0])
        own = _numbers(mine, self._at["entries"], ">i8")
        rooms = _numbers(mine, self._at["room"], ">u4")
        firsts = _numbers(mine, self._firsts, ">i8")
        if (own != entries).any() or (rooms != self._rooms).any() or firsts.any():
            return None
        return entries, self._new_leaves(
            StoredTree(
                data=data,
                entries=entries,
                branches=[],
                entries_at=self._entries_at,
                end=self._end,
                changing=(),
            ),
            mine,
        )

    def _new_leaves(self, tree: StoredTree, mine: NDArray[np.uint8]) -> list[Leaf]:
        baskets = _numbers(mine, self._at["baskets"], ">i4").tolist()
        sizes = _numbers(mine, self._at["values_bytes"], ">i8").tolist()
        packed = _numbers(mine, self._at["stored_bytes"], ">i8").tolist()
        lists = [
            tree.listed(count, branch)
            for count, branch in zip(baskets, self._branches, strict=True)
        ]
        counters: dict[int, Lies | None] = {}
        made = []
        for member in self._members:
            known, number = member.leaf, member.number
            if known.lies is None:
                made.append(known)
                continue
            counter = known.lies.counter
            if counter is not None:
                if member.counter not in counters:
                    counters[member.counter] = _moved(counter, lists[member.counter], tree, None)
                counter = counters[member.counter]
            made.append(
                Leaf(
                    name=known.name,
                    dtype=known.dtype,
                    jagged=known.jagged,
                    collection=known.collection,
                    edges=lists[number][0],
                    values_bytes=sizes[number],
                    stored_bytes=packed[number],
                    lies=_moved(known.lies, lists[number], tree, counter),
                )
            )
        return made


def _moved(
    lies: Lies, lists: tuple[bytes, bytes, bytes], tree: StoredTree, counter: Lies | None
) -> Lies:
    return Lies(
        kind=lies.kind,
        entries=lists[0],
        starts=lists[1],
        sizes=lists[2],
        end=tree.entries,
        counter=counter,
        counter_name=lies.counter_name,
    )


def _numbers(data: NDArray[np.uint8], places: NDArray[np.int64], kind: str) -> NDArray[Any]:
    size = np.dtype(kind).itemsize
    found: NDArray[Any] = data[places[:, None] + np.arange(size)]
    return found.view(kind).reshape(-1)


class Productions:
    """The productions of which trees were read last."""

    def __init__(self) -> None:
        self._known: deque[Production] = deque(maxlen=KNOWN)
        self._lock = Lock()
        self._walking = Lock()  # files of one production are opened side by side

    def leaves(self, data: bytes, before: int, class_name: str) -> tuple[int, list[Leaf], set[str]]:
        """Return entries, leaves, and the names of branches that we do not know, of a tree.

        Args:
            data: of the tree's object, inflated.
            before: bytes of the key before them.
            class_name: TTree, or one of the classes that begin with one.
        """
        known = self._of_known(data)
        if known is None:
            with self._walking:
                known = self._of_known(data)
                if known is None:
                    return self._walked(data, before, class_name)
        return *known, set()

    def _of_known(self, data: bytes) -> tuple[int, list[Leaf]] | None:
        with self._lock:
            known = list(self._known)
        for production in known:
            found = production.leaves(data)
            if found is not None:
                return found
        return None

    def _walked(
        self, data: bytes, before: int, class_name: str
    ) -> tuple[int, list[Leaf], set[str]]:
        with no_collection():  # a fifth of the walk, and a tree's objects stay until its end
            tree = read_tree(data, before, class_name)
            found, unknown = leaves_of_stored(tree)
        if not unknown and all(branch.entries == tree.entries for _, branch, _ in found):
            with self._lock:
                self._known.appendleft(Production(tree, found))
        return tree.entries, [leaf for leaf, *_ in found], unknown
