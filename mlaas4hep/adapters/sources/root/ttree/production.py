"""Files of one production have the same tree: only its numbers differ, and are taken anew.

A tree that was read is kept with a mask of its bytes that may differ: counts, sizes, places of
baskets, ranges of leaves. Of the next tree all other bytes are compared; if they are the same, so
are its branches, and the numbers stand where they stood. Few leaves are chosen of many: what is
known of all is taken together, and a leaf made when it is asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.sources.root.layout import Kind
from mlaas4hep.adapters.sources.root.leaf import Leaf, Lies
from mlaas4hep.adapters.sources.root.leaftable import ListedLeaves, branch_info
from mlaas4hep.adapters.sources.root.ttree.inside import NOTHING_INSIDE, InsideBaskets
from mlaas4hep.adapters.sources.root.ttree.leaves import Origin, collection_of, type_in_memory
from mlaas4hep.adapters.sources.root.ttree.regular import RegularBranches
from mlaas4hep.adapters.sources.root.ttree.stored import ListedBaskets, StoredTree, listed, lists_at
from mlaas4hep.adapters.sources.root.ttree.treebytes import Numbers, TreeBytes
from mlaas4hep.core.data.tree import BranchInfo

_BASKETS, _ROOM, _ENTRIES, _FIRST, _STORED = 12, 4, 12, 20, 8  #: bytes before them, of `NumbersAt`


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A leaf as it was read first, and the numbers of its branch and counter among all."""

    leaf: Leaf
    number: int
    counter: int  #: -1: it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the numbers of each branch stand: arrays of one element a branch."""

    before: Numbers  #: see `stored.NumbersAt`
    behind: Numbers
    sizes: Numbers
    flags: Numbers  #: where the flag before the lists of baskets stands
    rooms: Numbers


class Production:
    """What the trees of one production have in common."""

    def __init__(
        self,
        data: bytes,
        *,
        entries_at: int,
        same: NDArray[np.uint8],
        places: Places,
        infos: tuple[BranchInfo, ...],
        unreadable: tuple[tuple[str, str], ...],
        numbers: Numbers,
        members: "Callable[[int], Member]",
    ) -> None:
        """Take what the first of its trees told.

        Args:
            data: of its tree, inflated.
            entries_at: where its number of entries stands.
            same: 255 for each byte, up to the end of its branches, in which all are alike, else 0.
            places: where numbers stand.
            infos: what each leaf is that can be numbers.
            unreadable: names of all others, and why they cannot.
            numbers: the branch of each of `infos`.
            members: gives each of `infos` by its number.
        """
        self.infos, self.unreadable, self.member = infos, unreadable, members
        self.index = {info.name: number for number, info in enumerate(infos)}
        self.mask = same
        self._entries_at, self._end = entries_at, len(same)
        self._bytes = np.frombuffer(data, np.uint8, self._end)
        self._places = places
        firsts = places.behind + _FIRST
        self._firsts = firsts[firsts < places.sizes]
        self._numbers = numbers

    @classmethod
    def of_regular(
        cls, data: bytes, entries_at: int, found: RegularBranches, changing: tuple[Numbers, Numbers]
    ) -> "Production":
        """Return the production of a tree of which all branches are usual ones.

        `changing` are the bytes, from and to, that differ from file to file.
        """
        places = Places(
            before=found.before,
            behind=found.behind,
            sizes=found.sizes,
            flags=found.flags,
            rooms=found.rooms,
        )
        collections = [
            collection_of(name, "" if counter < 0 else found.names[counter], kind)
            for name, counter, kind in zip(found.names, found.counters, found.kinds, strict=True)
        ]
        infos = tuple(
            branch_info(name, type_in_memory(kind), kind.jagged and not kind.text, collection)
            for name, kind, collection in zip(found.names, found.kinds, collections, strict=True)
        )

        def member(number: int) -> Member:
            info, kind, counter = infos[number], found.kinds[number], found.counters[number]
            lies = _nowhere(kind, found.counter_kind(number), info.name)
            leaf = Leaf(
                name=info.name,
                dtype=info.dtype,
                jagged=info.jagged,
                collection=info.collection,
                lies=lies,
            )
            return Member(leaf=leaf, number=number, counter=counter if lies.counter else -1)

        return cls(
            data,
            entries_at=entries_at,
            same=_mask(found.end, *changing),
            places=places,
            infos=infos,
            unreadable=(),
            numbers=np.arange(len(infos)),
            members=member,
        )

    @classmethod
    def of_walked(cls, tree: StoredTree, leaves: Sequence[Origin]) -> "Production":
        """Return the production of a tree that was read branch by branch."""
        branches = {id(b): b for _, *of in leaves for b in of if b is not None}
        numbers = {key: number for number, key in enumerate(branches)}
        before, behind, sizes = np.array([b.numbers for b in branches.values()], np.int64).T
        members = [
            Member(leaf=leaf, number=numbers[id(b)], counter=numbers[id(c)] if c else -1)
            for leaf, b, c in leaves
            if not leaf.unreadable
        ]
        known = ListedLeaves([leaf for leaf, *_ in leaves])
        return cls(
            tree.data,
            entries_at=tree.entries_at,
            same=_mask(tree.end, *np.array(tree.changing, np.int64).reshape(-1, 2).T),
            places=Places(
                before=before,
                behind=behind,
                sizes=sizes,
                flags=np.array([branch.lists[0] - 1 for branch in branches.values()]),
                rooms=np.array([branch.room for branch in branches.values()]),
            ),
            infos=known.infos,
            unreadable=known.unreadable,
            numbers=np.array([member.number for member in members], np.int64),
            members=members.__getitem__,
        )

    def leaves(
        self, data: bytes, inside: InsideBaskets = NOTHING_INSIDE
    ) -> "tuple[int, ProductionLeaves] | None":
        """Return entries and leaves of another tree; None if it is not of this production.

        `inside` are the baskets that were taken out of it.
        """
        if len(data) < self._end:
            return None
        mine = np.frombuffer(data, np.uint8, self._end)
        if ((mine ^ self._bytes) & self.mask).any():
            return None
        places = self._places
        entries = int(TreeBytes(data).take(np.array([self._entries_at]), ">i8")[0])
        own = TreeBytes(data).take(places.behind + _ENTRIES, ">i8")
        rooms = TreeBytes(data).take(places.behind + _ROOM, ">u4")
        firsts = TreeBytes(data).take(self._firsts, ">i8")
        if (own != entries).any() or (rooms != places.rooms).any() or firsts.any():
            return None
        return entries, ProductionLeaves(self, data, inside, entries)

    def stored_bytes(self, data: bytes) -> list[int]:
        """Return how many bytes each of `infos` takes in a file of which this is the tree."""
        packed = TreeBytes(data).take(self._places.sizes + _STORED, ">i8")
        return packed[self._numbers].tolist()  # type: ignore[no-any-return]

    def values_bytes(self, data: bytes, branch: int) -> tuple[int, int]:
        """Return how many bytes a branch takes in memory, and in the file."""
        at = self._places.sizes[branch : branch + 1]
        return int(TreeBytes(data).take(at, ">i8")[0]), int(
            TreeBytes(data).take(at + _STORED, ">i8")[0]
        )

    def lists(
        self, data: bytes, inside: InsideBaskets, branches: Numbers
    ) -> Iterator[ListedBaskets]:
        """Yield where the baskets of some branches are."""
        places = self._places
        baskets = TreeBytes(data).take(places.before[branches] + _BASKETS, ">i4")
        flags, rooms = places.flags[branches], places.rooms[branches]
        for flag, room, count in zip(flags.tolist(), rooms.tolist(), baskets.tolist(), strict=True):
            yield listed(data, lists_at(flag, room), room, count, inside)

    def edges(self, data: bytes, inside: InsideBaskets) -> set[bytes]:
        """Return the different lists of first entries of baskets."""
        chosen, places = self._read_branches, self._places
        counts = TreeBytes(data).take(places.before[chosen] + _BASKETS, ">i4")
        counts = np.clip(counts, 0, places.rooms[chosen])
        alike = ((chosen[counts == count], count) for count in np.unique(counts).tolist())
        return {each for of in alike for each in self._edges_of(data, inside, *of)}

    def _edges_of(
        self, data: bytes, inside: InsideBaskets, chosen: Numbers, count: int
    ) -> set[bytes]:
        """Return those of branches of which as many baskets were written."""
        flags, rooms = self._places.flags[chosen], self._places.rooms[chosen]
        _, entries, starts = lists_at(flags, rooms)
        last, more = starts + 8 * (count - 1), inside.of_each(flags)
        alike = more >= 0 and 0 < count + more <= rooms.min()
        if not alike or (count and not TreeBytes(data).take(last, ">i8").all()):
            return {entries for entries, *_ in self.lists(data, inside, chosen)}
        return set(TreeBytes(data).texts(entries, 8 * (count + more)))

    @cached_property
    def _read_branches(self) -> Numbers:
        """Return the branches of `infos`."""
        return np.unique(self._numbers)


class ProductionLeaves:
    """The leaves of one tree of a production."""

    def __init__(
        self, production: Production, data: bytes, inside: InsideBaskets, entries: int
    ) -> None:
        self._production, self._data, self._entries = production, data, entries
        self._inside = inside
        self.infos, self.unreadable = production.infos, production.unreadable

    def edges(self) -> set[bytes]:
        """Return the different lists of entries where leaves begin something new."""
        return self._production.edges(self._data, self._inside)

    def stored_bytes(self) -> list[int]:
        """Return how many bytes each leaf of `infos` takes in the file."""
        return self._production.stored_bytes(self._data)

    def get(self, name: str) -> Leaf | None:
        """Return a leaf that can be numbers; None if there is none of this name."""
        number = self._production.index.get(name)
        return None if number is None else self._leaf(self._production.member(number))

    def __iter__(self) -> Iterator[Leaf]:
        """Yield all leaves."""
        for number in range(len(self.infos)):
            yield self._leaf(self._production.member(number))
        for name, why in self.unreadable:
            yield Leaf(name=name, unreadable=why)

    def _leaf(self, member: Member) -> Leaf:
        lies = member.leaf.lies
        if lies is None:
            return member.leaf
        values, stored = self._production.values_bytes(self._data, member.number)
        mine = self._moved(lies, member.number)
        if lies.counter is not None:
            mine = mine._replace(counter=self._moved(lies.counter, member.counter))
        return member.leaf._replace(
            edges=mine.entries, values_bytes=values, stored_bytes=stored, lies=mine
        )

    def _moved(self, lies: Lies, branch: int) -> Lies:
        (listed_,) = self._production.lists(self._data, self._inside, np.array([branch]))
        entries, starts, sizes, inside = listed_
        return lies._replace(
            entries=entries, starts=starts, sizes=sizes, inside=inside, end=self._entries
        )


def _nowhere(kind: Kind, counter: Kind | None, name: str) -> Lies:
    """Return where a branch lies of which no baskets are known yet."""
    return Lies(
        kind=kind,
        entries=b"",
        starts=b"",
        sizes=b"",
        end=0,
        counter=_nowhere(counter, None, "") if counter else None,
        counter_name=f"counter of {name}" if counter else "",
    )


def _mask(end: int, starts: Numbers, stops: Numbers) -> NDArray[np.uint8]:
    """Return 255 for each byte before `end` that is in no [start, stop), 0 for all others."""
    depth = np.zeros(end + 1, np.int32)
    np.add.at(depth, starts, 1)
    np.add.at(depth, stops, -1)
    return np.where(np.cumsum(depth[:end]) > 0, 0, 255).astype(np.uint8)
