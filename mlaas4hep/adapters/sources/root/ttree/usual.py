"""The usual branch, with one leaf and nothing below it, read in few steps.

Nearly all branches of a wide tree are such. One with anything unusual, damage too, is left to
`reading`, which goes through it object by object and says what is wrong.
"""

import struct
from collections.abc import Sequence

from mlaas4hep.adapters.sources.root.stream import (
    CLASS,
    COUNTED,
    NEW_CLASS,
    PLACE_OFFSET,
    REFERENCED,
    Stream,
)
from mlaas4hep.adapters.sources.root.ttree.stored import StoredBranch, StoredLeaf, lists_at

RANGED = frozenset(f"TLeaf{letter}" for letter in "OBSILGFDC")  #: with a lowest and highest value
_VERSION = 13
_LONG = 255  #: length of a text whose length follows in four bytes

_OBJECT = "IH"  #: bytes, version
_NAMED = "I8xIB"  #: bytes, bits of the TObject, length of the name
_FILL, _FEATURES = "I6x", "I7x"  #: bytes of TAttFill, of TIOFeatures
_FILL_BYTES, _FEATURES_BYTES = COUNTED | 6, COUNTED | 7
_ARRAY = "I8xIBi4x"  #: bytes, bits of the TObject, length of the name, size

_POINTER = struct.Struct(">II")  #: bytes, class
_HEAD = struct.Struct(f">{_OBJECT}{_NAMED}")
_NUMBERS = struct.Struct(f">{_FILL}12xi8x{_FEATURES}4xI4xqqqq{_ARRAY}{_ARRAY}")
_LEAF_HEAD = struct.Struct(f">{_OBJECT}{_OBJECT}{_NAMED}")
_LEAF = struct.Struct(">i9x?I")  #: length, whether it is unsigned, counter
_BASKETS = struct.Struct(f">{_ARRAY}")

_FoundLeaf = tuple[StoredLeaf, int, int, int]  #: its number, where its range stands, where it ends


def usual_branch(stream: Stream) -> StoredBranch | None:
    """Return the branch that a pointer holds; None, and nothing is read, if it is not usual."""
    if stream.thorough:
        return None
    data = stream.data
    try:
        class_name, begin = _pointed(stream, stream.at)
        count, version, named, bits, length = _HEAD.unpack_from(data, begin)
        at, stop = begin + 10 + (named ^ COUNTED), begin + 4 + (count ^ COUNTED)
        if class_name != "TBranch" or version != _VERSION or bits & REFERENCED:
            return None
        name_at = begin + _HEAD.size
        if not count & named & COUNTED or not _title_at(data, name_at, length, at):
            return None
        return _branch(stream, _text(data, name_at, name_at + length), at, stop)
    except (struct.error, IndexError, ValueError):
        return None


def _pointed(stream: Stream, at: int) -> tuple[str, int]:
    """Return the class of what a pointer holds, and where it begins; "" if it holds nothing new."""
    data = stream.data
    pointed, tag = _POINTER.unpack_from(data, at)
    begin = at + _POINTER.size
    if not pointed & COUNTED or pointed == NEW_CLASS:
        return "", begin
    if tag != NEW_CLASS:
        return stream.classes.get(tag ^ CLASS, ""), begin
    stop = data.index(b"\0", begin, begin + _LONG)
    name = data[begin:stop].decode("ascii", "replace")
    stream.classes[begin - 4 + stream.before + PLACE_OFFSET] = name
    return name, stop + 1


def _title_at(data: bytes, name_at: int, length: int, stop: int) -> int:
    """Return where the title behind a name begins; 0 if it does not end where it should."""
    title_at = name_at + length + 1
    more = data[title_at - 1]
    return 0 if title_at + more != stop or _LONG in (length, more) else title_at


def _text(data: bytes, start: int, stop: int) -> str:
    return data[start:stop].decode("utf-8", "backslashreplace")


def _branch(stream: Stream, name: str, at: int, stop: int) -> StoredBranch | None:
    """Return the branch whose numbers begin at a place, and go to its end."""
    data = stream.data
    numbers = _NUMBERS.unpack_from(data, at)
    found = _leaf(stream, at + _NUMBERS.size)
    if found is None or stop > len(data):
        return None
    leaf, number, range_at, leaf_stop = found
    array = _BASKETS.unpack_from(data, leaf_stop)
    nulls, baskets = leaf_stop + _BASKETS.size, array[-1]
    lists = nulls + 4 * baskets  # of lengths, first entries and places of baskets
    if baskets < 0 or not _is_usual(numbers, array) or data[nulls:lists] != bytes(4 * baskets):
        return None
    branch = _stored_branch(name, at, numbers, lists)
    end = lists + 3 + 20 * branch.room
    if data[end] or end >= stop:
        return None
    numbers_at = (at + 10, at + 34), (at + 45, at + 89)  # around TIOFeatures
    stream.changing += (range_at, leaf_stop), *numbers_at, (lists + 1, end)
    branch.leaves.append(leaf)
    leaf.branch = branch
    stream.objects[number] = leaf
    stream.objects[stream.at + stream.before + PLACE_OFFSET] = branch
    stream.at = stop
    return branch


def _is_usual(numbers: Sequence[int], array: Sequence[int]) -> bool:
    """Tell whether the arrays have no branch and one leaf, no names, and nothing refers to them."""
    fill, _, features, *_, below, below_bits, below_name, branches = numbers[:12]
    of_leaves, leaves_bits, leaves_name, leaves = numbers[12:]
    of_baskets, baskets_bits, baskets_name, _ = array
    return (
        (fill, features, branches, leaves) == (_FILL_BYTES, _FEATURES_BYTES, 0, 1)
        and bool(below & of_leaves & of_baskets & COUNTED)
        and not (below_bits | leaves_bits | baskets_bits) & REFERENCED
        and not (below_name or leaves_name or baskets_name)
    )


def _stored_branch(name: str, at: int, numbers: Sequence[int], lists: int) -> StoredBranch:
    _, baskets, _, room, entries, first, total, packed, *_ = numbers
    return StoredBranch(
        name=name,
        class_name="TBranch",
        branches=[],
        leaves=[],
        entries=entries,
        first_entry=first,
        values_bytes=total,
        stored_bytes=packed,
        baskets=baskets,
        room=room,
        embedded=False,
        lists=lists_at(lists, room),
        elsewhere="",
        numbers=(at + 10, at + 45, at + 73),
    )


def _leaf(stream: Stream, at: int) -> _FoundLeaf | None:
    data = stream.data
    class_name, begin = _pointed(stream, at)
    count, _, base, _, named, bits, length = _LEAF_HEAD.unpack_from(data, begin)
    names_stop = begin + 16 + (named ^ COUNTED)
    range_at, stop = begin + 10 + (base ^ COUNTED), begin + 4 + (count ^ COUNTED)
    name_at = begin + _LEAF_HEAD.size
    title_at = _title_at(data, name_at, length, names_stop)
    if not title_at or class_name not in RANGED or bits & REFERENCED:
        return None
    values, is_unsigned, counter = _LEAF.unpack_from(data, names_stop)
    ends = names_stop + _LEAF.size == range_at <= stop <= len(data)
    if not ends or not count & base & named & COUNTED or counter & (COUNTED | CLASS):
        return None
    counted_by = stream.objects.get(counter)
    leaf = StoredLeaf(
        name=_text(data, name_at, name_at + length),
        title=_text(data, title_at, names_stop),
        class_name=class_name,
        length=values,
        is_unsigned=is_unsigned,
        counter=counted_by if isinstance(counted_by, StoredLeaf) else None,
    )
    return leaf, at + stream.before + PLACE_OFFSET, range_at, stop
