"""A tree without the baskets that lie in it, which is then as any other of its production.

ROOT writes what was not flushed (small or old files, `TTree::AutoSave`) as objects among the
branches, where they move all that is behind them. Taken out, with a pointer to nothing instead of
each, nothing shows that they were there: lengths of objects are those without them, and places by
which objects and classes refer to each other are moved back.
"""

import struct
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mlaas4hep.adapters.sources.root.stream import (
    CLASS,
    COUNTED,
    NEW_CLASS,
    PLACE_OFFSET,
    Stream,
)
from mlaas4hep.adapters.sources.root.ttree.inside import NOTHING_INSIDE, InsideBaskets, Span
from mlaas4hep.adapters.sources.root.ttree.reading import walked
from mlaas4hep.adapters.sources.root.ttree.treebytes import Numbers, TreeBytes

_CLASS = b"TBasket"
_NAME = _CLASS + b"\0"
_NULL = bytes(4)
_POINTER = struct.Struct(">II")  #: bytes, class

TakenOut = tuple[bytes, InsideBaskets]


class Cuts(NamedTuple):
    """Where baskets lie in the trees of a production; places are those without the baskets."""

    places: list[int]  #: of the pointers to them
    counts: Numbers  #: where lengths of objects stand
    tags: Numbers  #: where objects and classes refer to others
    before: int  #: bytes of the key, from which ROOT counts places

    def taken_out(self, data: bytes) -> TakenOut | None:
        """Return a tree without its baskets; None if they lie elsewhere than these."""
        if not self.places:
            return data, NOTHING_INSIDE
        try:
            pointers = self._pointers(data)
            return None if pointers is None else self._without(data, pointers)
        except (struct.error, IndexError):
            return None

    def _pointers(self, data: bytes) -> Numbers | None:
        """Return where each pointer is, and its basket begins and ends: shape (baskets, 3).

        Between one and the next lies as much as in all other trees.
        """
        found = []
        at, known = self.places[0], NEW_CLASS
        for before, behind in pairwise([*self.places, len(data)]):
            size, tag = _POINTER.unpack_from(data, at)
            begin, stop = at + _POINTER.size, at + 4 + (size ^ COUNTED)
            if tag == NEW_CLASS and data.startswith(_NAME, begin):
                known = CLASS | (begin - 4 + self.before + PLACE_OFFSET)
                begin += len(_NAME)
            elif tag != known or tag == NEW_CLASS:
                return None
            if not begin <= stop <= len(data):
                return None
            found.append((at, begin, stop))
            at = stop + behind - before - len(_NULL)
        return np.array(found, np.int64)

    def _without(self, data: bytes, pointers: Numbers) -> TakenOut:
        pieces: list[bytes] = []
        at = 0
        for start, _, stop in pointers.tolist():
            pieces += data[at:start], _NULL
            at = stop
        rest = bytearray(b"".join([*pieces, data[at:]]))
        removed = _Shift(pointers, self.places)
        bytes_ = TreeBytes(bytes(rest))
        counts, tags = bytes_.take(self.counts), bytes_.take(self.tags)
        _put(rest, self.counts, removed.from_counts(self.counts, counts))
        _put(rest, self.tags, removed.from_tags(tags, self.before + PLACE_OFFSET))
        return bytes(rest), InsideBaskets(places=self.places, spans=pointers[:, 1:])


NO_CUTS = Cuts([], np.empty(0, np.int64), np.empty(0, np.int64), 0)


def cuts_of(data: bytes, before: int, class_name: str) -> Cuts:
    """Return where the baskets lie in the first tree of a production.

    Args:
        data: of the tree's object, inflated.
        before: bytes of the key before them.
        class_name: TTree, or one of the classes that begin with one.

    Raises:
        UnknownStreamError: it is of a version that we do not know.
        DamagedStreamError: it contradicts itself.
    """
    if _NAME not in data:
        return NO_CUTS
    stream = _Noting(data, before)
    walked(stream, class_name)
    baskets = stream.baskets
    if not baskets:
        return NO_CUTS
    starts = np.array([start for start, _ in baskets])
    lost = np.array([stop - start - len(_NULL) for start, stop in baskets])
    places = starts - np.cumsum(lost) + lost
    counts, tags = (
        _kept(np.unique(each), starts, starts + lost + len(_NULL))
        for each in (stream.counts, stream.tags)
    )
    return Cuts(places.tolist(), _moved(counts, starts, lost), _moved(tags, starts, lost), before)


class _Noting(Stream):
    """Notes where lengths, references and baskets are on the way through a tree."""

    __slots__ = ("baskets", "counts", "tags")

    def __init__(self, data: bytes, before: int) -> None:
        super().__init__(data, before=before, thorough=True)
        self.baskets: list[Span] = []
        self.counts: list[int] = []
        self.tags: list[int] = []

    def begin(self) -> tuple[int, int]:
        self.counts.append(self.at)
        return super().begin()

    def array_size(self) -> int:
        self.counts.append(self.at)
        return super().array_size()

    def pointer(self) -> tuple[str, int, object]:
        start = self.at
        size, tag = _POINTER.unpack_from(self.data, start)
        if size & COUNTED and size != NEW_CLASS:
            self.counts.append(start)
            self.tags += [start + 4] if tag != NEW_CLASS else []
        elif size:
            self.tags.append(start)
        found = super().pointer()
        if found[0] == _CLASS.decode():
            self.baskets.append((start, self.pointed))
        return found


def _kept(places: Numbers, starts: Numbers, stops: Numbers) -> Numbers:
    """Return the places that are outside of [start, stop) of all baskets."""
    index = np.searchsorted(starts, places, "right") - 1
    return places[(index < 0) | (places >= stops[index])]


class _Shift:
    """How many bytes are missing before each place."""

    def __init__(self, pointers: Numbers, places: list[int]) -> None:
        self._starts, self._places = pointers[:, 0], np.array(places)
        lost = pointers[:, 2] - pointers[:, 0] - len(_NULL)
        self._lost: Numbers = np.append(0, np.cumsum(lost))  #: before each basket, and in all

    def from_counts(self, at: Numbers, counts: Numbers) -> Numbers:
        """Return lengths of objects without what was removed from them; `at`: where they stand."""
        begin = at + self._before(at, self._places)
        stop = begin + 4 + (counts ^ COUNTED)
        inside = self._before(stop, self._starts) - self._before(begin, self._starts)
        return counts - inside

    def from_tags(self, tags: Numbers, offset: int) -> Numbers:
        """Return references as they are without what was removed before their places."""
        places = np.where(tags & CLASS, tags ^ CLASS, tags) - offset
        return tags - self._before(places, self._starts)

    def _before(self, places: Numbers, starts: Numbers) -> Numbers:
        return self._lost[np.searchsorted(starts, places)]


def _moved(places: Numbers, starts: Numbers, lost: Numbers) -> Numbers:
    before: Numbers = np.append(0, np.cumsum(lost))[np.searchsorted(starts, places)]
    return places - before


def _put(data: bytearray, places: Numbers, values: Numbers) -> None:
    view = np.frombuffer(data, np.uint8)
    view[places[:, None] + np.arange(4)] = values.astype(">u4").view(np.uint8).reshape(-1, 4)
