"""All branches of a tree at once, if each is a usual one: with one leaf, and nothing below it.

A thousand of them differ in their names and numbers only, which NumPy takes of all together. Of a
tree with anything unusual, damage too, nothing is read: `reading` goes through it one by one.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.sources.root.layout import Kind
from mlaas4hep.adapters.sources.root.stream import (
    CLASS,
    COUNTED,
    NEW_CLASS,
    PLACE_OFFSET,
    REFERENCED,
    Stream,
)
from mlaas4hep.adapters.sources.root.ttree.kinds import usual_kind
from mlaas4hep.adapters.sources.root.ttree.treebytes import Numbers, TreeBytes
from mlaas4hep.adapters.sources.root.ttree.usual import RANGED

Texts = tuple[Numbers, Numbers]  #: where they begin and end
_VERSION = 13
_LONG = 255  #: length of a text whose length follows in four bytes
_SIZE = struct.Struct(">I").unpack_from
_LEAVES = frozenset(name.encode() for name in RANGED)

# Where things stand in a TBranch, from its beginning; behind its title; in its leaf; behind that's.
_NAME, _BEHIND_NAMED, _NAMED_BITS = 22, 10, 18
_FILL, _FIRST_NUMBERS, _FEATURES, _MORE_NUMBERS, _SIZES = 0, 10, 34, 45, 73
_ROOM, _ENTRIES, _FIRST_ENTRY, _ARRAYS, _LEAF = 49, 57, 65, (89, 114), 139
_ARRAY = 25  #: bytes of a TObjArray without a name: bytes, bits at 12, length of name, size
_LEAF_NAME, _LEAF_BITS = 28, 24
_LEAF_NUMBERS = 18  #: bytes behind its title: length, whether it is unsigned at 13, counter


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularBranches:
    """What there is to know about the branches of a tree; each array has one element a branch."""

    names: list[str]
    kinds: list[Kind]
    counters: list[int]  #: the branch that gives the row lengths; -1: none
    before: Numbers  #: see `stored.NumbersAt`
    behind: Numbers
    sizes: Numbers
    flags: Numbers  #: where the flag before the lists of baskets stands
    rooms: Numbers
    changing: tuple[NDArray[np.int64], NDArray[np.int64]]  #: begin and end of what differs
    end: int  #: where the branches end

    def counter_kind(self, number: int) -> Kind | None:
        """Return how the row lengths of a branch are stored; None if no branch has them."""
        counter = self.counters[number]
        kind = self.kinds[counter] if counter >= 0 else None
        return None if kind is None or kind.jagged or kind.dtype.kind not in "iu" else kind


class _IrregularError(ValueError):
    """One of the branches is not a usual one."""


def regular_branches(stream: Stream, entries: int) -> RegularBranches | None:
    """Return the branches of the TObjArray that comes next; None if one is not usual.

    Args:
        stream: stays where it is.
        entries: of the tree, which every branch has to have.
    """
    start = stream.at
    try:
        return _regular(stream, entries, stream.array_size())
    except (struct.error, IndexError, ValueError):
        return None
    finally:
        stream.at = start


def _regular(stream: Stream, entries: int, count: int) -> RegularBranches:
    bytes_ = TreeBytes(stream.data)
    _require(count > 0)
    begin, stop = _objects(stream, bytes_, count)
    at, texts = _heads(bytes_, begin, stop)
    rooms = _checked_numbers(bytes_, at, entries)
    kinds, counters, ranges = _leaves(stream, bytes_, at + _LEAF)
    flags = _flags(bytes_, ranges[1], rooms, stop)
    names = [
        stream.data[begin:stop].decode("utf-8", "backslashreplace")
        for begin, stop in zip(*(places.tolist() for places in texts), strict=True)
    ]
    _require(len(set(names)) == count)
    changing = [ranges, (flags + 1, flags + 3 + 20 * rooms)]
    changing += [(at + _FIRST_NUMBERS, at + _FEATURES), (at + _MORE_NUMBERS, at + _ARRAYS[0])]
    return RegularBranches(
        names=names,
        kinds=kinds,
        counters=counters,
        before=at + _FIRST_NUMBERS,
        behind=at + _MORE_NUMBERS,
        sizes=at + _SIZES,
        flags=flags,
        rooms=rooms,
        changing=(
            np.concatenate([starts for starts, _ in changing]),
            np.concatenate([stops for _, stops in changing]),
        ),
        end=int(stop[-1]),
    )


def _leaves(
    stream: Stream, bytes_: TreeBytes, at: Numbers
) -> tuple[list[Kind], list[int], tuple[Numbers, Numbers]]:
    """Return kinds and counters of leaves that pointers hold, and where their ranges stand."""
    begin, classes = _pointed(stream, bytes_, at, _LEAVES)
    title, title_stop, stop = _leaf_places(bytes_, begin)
    length, counted_by = bytes_.take(title_stop, ">i4"), bytes_.take(title_stop + 14)
    unsigned = bytes_.take(title_stop + 13, "u1")
    counters = _counters(counted_by, at + stream.before + PLACE_OFFSET)
    places = title.tolist(), title_stop.tolist()
    kinds, data = _Kinds(), stream.data
    found = [
        kinds.of(data[start:stop], *of)
        for start, stop, *of in zip(
            *places, classes, length.tolist(), unsigned.tolist(), counters, strict=True
        )
    ]
    counters = [-1 if kind.text else c for kind, c in zip(found, counters, strict=True)]
    return found, counters, (title_stop + _LEAF_NUMBERS, stop)


def _require(fact: object) -> None:
    if not fact:
        raise _IrregularError


def _objects(stream: Stream, bytes_: TreeBytes, count: int) -> tuple[Numbers, Numbers]:
    """Return where the TBranches begin and end that pointers hold, one behind the other."""
    data, at = stream.data, stream.at
    places = []
    for _ in range(count):
        places.append(at)
        at += 4 + (_SIZE(data, at)[0] ^ COUNTED)
    starts = np.array([*places, at])
    begins, _ = _pointed(stream, bytes_, starts[:-1], frozenset({b"TBranch"}))
    return begins, starts[1:]


def _pointed(
    stream: Stream, bytes_: TreeBytes, at: Numbers, names: frozenset[bytes]
) -> tuple[Numbers, list[str]]:
    """Return where objects begin that pointers hold, and their classes, which are some of these.

    A class is named where it comes first, and later by where that was; or every time. All names
    have as many letters.
    """
    sizes, tags = bytes_.take(at), bytes_.take(at + 4)
    _require((sizes & COUNTED).all() and (sizes != NEW_CLASS).all())
    length = len(next(iter(names))) + 1
    is_named = tags == NEW_CLASS
    named = np.flatnonzero(is_named)
    known = (at[named] + (4 + stream.before + PLACE_OFFSET)) | CLASS
    source = np.searchsorted(known, tags[~is_named])
    _require((known[source] == tags[~is_named]).all())
    _require((named[source] < np.flatnonzero(~is_named)).all())
    by_pointer = np.arange(len(at))
    by_pointer[~is_named] = named[source]
    found = bytes_.texts(at[named] + 8, length)
    _require({name + b"\0" for name in names}.issuperset(found))
    of_named = dict(zip(named.tolist(), (name[:-1].decode() for name in found), strict=True))
    return at + 8 + length * is_named, [of_named[each] for each in by_pointer.tolist()]


def _heads(bytes_: TreeBytes, begin: Numbers, stop: Numbers) -> tuple[Numbers, Texts]:
    """Return where the members of branches begin, behind their titles, and where the names are."""
    sizes, named = bytes_.take(begin), bytes_.take(begin + 6)
    _require((sizes & named & COUNTED).all())
    _require((begin + 4 + (sizes ^ COUNTED) == stop).all())
    _require((bytes_.take(begin + 4, ">u2") == _VERSION).all())
    _require(not (bytes_.take(begin + _NAMED_BITS) & REFERENCED).any())
    at = begin + _BEHIND_NAMED + (named ^ COUNTED)
    return at, _named(bytes_, begin + _NAME, at)[0]


def _named(bytes_: TreeBytes, at: Numbers, stop: Numbers) -> tuple[Texts, Texts]:
    """Return where names and titles are, of which the first begin, and the last end, there."""
    names = _texts(bytes_, at)
    titles = _texts(bytes_, names[1])
    _require((titles[1] == stop).all())
    return names, titles


def _texts(bytes_: TreeBytes, at: Numbers) -> Texts:
    """Return where texts begin and end whose lengths stand at these places."""
    length = bytes_.take(at, "u1")
    begin = at + 1
    is_long = length == _LONG
    if is_long.any():
        length[is_long] = bytes_.take(begin[is_long])
        begin[is_long] += 4
    return begin, begin + length


def _checked_numbers(bytes_: TreeBytes, at: Numbers, entries: int) -> Numbers:
    """Return for how many baskets there is room, of branches whose numbers are as usual."""
    _require((bytes_.take(at + _FILL) == COUNTED | 6).all())
    _require((bytes_.take(at + _FEATURES) == COUNTED | 7).all())
    _require((bytes_.take(at + _ENTRIES, ">i8") == entries).all())
    _require(not bytes_.take(at + _FIRST_ENTRY, ">i8").any())
    for place, size in zip(_ARRAYS, (0, 1), strict=True):  # of branches, of leaves
        _require((_array_sizes(bytes_, at + place) == size).all())
    return bytes_.take(at + _ROOM)


def _array_sizes(bytes_: TreeBytes, at: Numbers) -> Numbers:
    """Return the sizes of TObjArrays without a name."""
    _require((bytes_.take(at) & COUNTED).all())
    _require(not (bytes_.take(at + 12) & REFERENCED).any())
    _require(not bytes_.take(at + 16, "u1").any())
    return bytes_.take(at + 17, ">i4")


def _leaf_places(bytes_: TreeBytes, begin: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return where titles of leaves begin and end, and where the leaves end."""
    sizes, base, named = (bytes_.take(begin + at) for at in (0, 6, 12))
    stop, title_stop = begin + 4 + (sizes ^ COUNTED), begin + 16 + (named ^ COUNTED)
    base_stop = begin + 10 + (base ^ COUNTED)
    _require((sizes & base & named & COUNTED).all())
    _require((title_stop + _LEAF_NUMBERS == base_stop).all() and (base_stop <= stop).all())
    _require(not (bytes_.take(begin + _LEAF_BITS) & REFERENCED).any())
    return _named(bytes_, begin + _LEAF_NAME, title_stop)[1][0], title_stop, stop


def _counters(counted_by: Numbers, numbers: Numbers) -> list[int]:
    """Return which branch's leaf, one of those before, counts the rows of each; -1: none."""
    index = np.searchsorted(numbers, counted_by)
    has_one = counted_by != 0
    _require((index[has_one] < np.flatnonzero(has_one)).all())
    _require((numbers[index[has_one]] == counted_by[has_one]).all())
    return np.where(has_one, index, -1).tolist()  # type: ignore[no-any-return]


def _flags(bytes_: TreeBytes, at: Numbers, rooms: Numbers, stop: Numbers) -> Numbers:
    """Return where the lists of baskets begin: behind an array in which no basket is."""
    baskets = _array_sizes(bytes_, at)
    _require((baskets >= 0).all())
    nulls = at + _ARRAY
    for begin, count in zip(nulls.tolist(), baskets.tolist(), strict=True):
        _require(bytes_.data[begin : begin + 4 * count] == bytes(4 * count))
    flags = nulls + 4 * baskets
    end = flags + 3 + 20 * rooms  # where the name of another file stands
    _require(not bytes_.take(end, "u1").any() and (end < stop).all())
    return flags


class _Kinds:
    """How leaves are stored; a thousand are of few kinds."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, str, int, int, bool], Kind] = {}

    def of(self, title: bytes, class_name: str, length: int, unsigned: int, counter: int) -> Kind:
        """Return the kind of one."""
        shape = title[title.find(b"[") :] if b"[" in title else b""
        key = title if b"/" in title else shape, class_name, length, unsigned, counter >= 0
        return self._known.get(key) or self._new(key, title.decode("utf-8", "backslashreplace"))

    def _new(self, key: tuple[bytes, str, int, int, bool], title: str) -> Kind:
        _, class_name, length, unsigned, counted = key
        kind = usual_kind(class_name, title, length, is_unsigned=bool(unsigned), counted=counted)
        if kind is None:
            raise _IrregularError
        self._known[key] = kind
        return kind
