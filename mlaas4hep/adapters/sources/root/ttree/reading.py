"""From the bytes of a TTree to its branches and leaves, without a model of all its classes.

What is not known here raises `UnknownStreamError`, and uproot reads the tree instead.
"""

import struct
from collections.abc import Callable
from typing import TypeVar, cast

from mlaas4hep.adapters.sources.root.stream import DamagedStreamError, Stream, UnknownStreamError
from mlaas4hep.adapters.sources.root.ttree.stored import (
    NumbersAt,
    StoredBranch,
    StoredLeaf,
    StoredTree,
    lists_at,
)
from mlaas4hep.adapters.sources.root.ttree.usual import RANGED, usual_branch

# Members between TAttMarker and fBranches, by the version of TTree; all but the first not used.
_TREE_NUMBERS = {
    16: struct.Struct(">qqqqdiiiqqqqq"),
    17: struct.Struct(">qqqqdiiiiqqqqq"),
    18: struct.Struct(">qqqqqdiiiiqqqqqq"),
    19: struct.Struct(">qqqqqdiiiiIqqqqqq"),
    20: struct.Struct(">qqqqqdiiiiIqqqqqq"),
}
_WITH_CLUSTERS, _WITH_FEATURES = 19, 20
_CLUSTERS = 10  #: which of these numbers says how many cluster ranges there are

# Members of TBranch before fBranches: …, fWriteBasket, …; then …, fMaxBaskets, …, fEntries, …
_BEFORE = struct.Struct(">iiiiq")
_BEHIND = {10: struct.Struct(">iIiqqq")} | dict.fromkeys((11, 12, 13), struct.Struct(">iIiqqqq"))
_WITH_IO_FEATURES = 13
_SIZES_BYTES = 16  #: of the last two
_LEAF = struct.Struct(">iii??")
_ELEMENT = {8: struct.Struct(">Iiiiii"), 9: struct.Struct(">Iiiiii"), 10: struct.Struct(">Ihiiii")}
T = TypeVar("T")

_LEAF_ELEMENT = struct.Struct(">ii")


def read_tree(
    data: bytes, before: int, class_name: str = "TTree", *, thorough: bool = False
) -> StoredTree:
    """Return the tree in the bytes of its object.

    Args:
        data: of the object, inflated.
        before: bytes of the key before them, from which places are counted.
        class_name: TTree, or one of the classes that begin with one.
        thorough: go through usual branches object by object, too; the tree is the same.

    Raises:
        UnknownStreamError: it is of a version that we do not know.
        DamagedStreamError: it contradicts itself.
    """
    return walked(Stream(data, before=before, thorough=thorough), class_name)


def walked(stream: Stream, class_name: str) -> StoredTree:
    """Return the tree in a stream, which goes to where its branches end; raises as `read_tree`."""
    try:
        entries, entries_at = read_head(stream, class_name)
        branches = _branches(stream)
    except (struct.error, IndexError, RecursionError) as error:
        raise DamagedStreamError(f"no TTree that ends where it should: {error}") from error
    return StoredTree(
        data=stream.data,
        entries=entries,
        branches=branches,
        entries_at=entries_at,
        end=stream.at,
        changing=tuple(stream.changing),
    )


def read_head(stream: Stream, class_name: str) -> tuple[int, int]:
    """Go to the branches of a tree, and return its number of entries, and where that stands.

    Raises:
        UnknownStreamError: it is of a version that we do not know.
        DamagedStreamError, struct.error, IndexError: it contradicts itself, or ends too early.
    """
    if class_name != "TTree":
        stream.begin()
    begin = stream.at
    version, _ = stream.begin()
    numbers = _TREE_NUMBERS.get(version)
    if numbers is None:
        raise UnknownStreamError(f"TTree of version {version}")
    stream.name()
    for _ in range(3):  # TAttLine, TAttFill, TAttMarker
        stream.skip()
    entries_at = stream.at
    values = stream.take(numbers)
    if version >= _WITH_CLUSTERS:
        stream.at += 2 * (1 + 8 * values[_CLUSTERS])
    stream.changing += [(0, begin + 4), (entries_at, stream.at)]
    if version >= _WITH_FEATURES:
        stream.skip()
    return values[0], entries_at


def _branches(stream: Stream) -> list[StoredBranch]:
    """Return the branches of a TObjArray."""
    each = (usual_branch(stream) or _object(stream, _branch) for _ in range(stream.array_size()))
    return [branch for branch in each if branch is not None]


def _list_of(stream: Stream, read: Callable[[Stream, str], T]) -> list[T]:
    """Return the objects of a TObjArray; pointers to nothing are left out."""
    found: list[T] = []
    for _ in range(stream.array_size()):
        each = _object(stream, read)
        if each is not None:
            found.append(each)
    return found


def _object(stream: Stream, read: Callable[[Stream, str], T]) -> T | None:
    class_name, number, known = stream.pointer()
    if not class_name:
        return cast("T | None", known)
    found = read(stream, class_name)
    stream.objects[number] = found
    return found


def _branch(stream: Stream, class_name: str) -> StoredBranch:
    if class_name == "TBranch":
        return _plain_branch(stream, class_name)
    if class_name not in ("TBranchElement", "TBranchClones", "TBranchObject", "TBranchRef"):
        raise UnknownStreamError(f"a {class_name}")
    version, stop = stream.begin()
    if class_name == "TBranchClones":
        raise UnknownStreamError(f"a {class_name}")
    branch = _plain_branch(stream, class_name)
    if class_name == "TBranchObject":
        branch.element_class = stream.text()
    if class_name == "TBranchElement":
        branch.element_class = stream.text()
        stream.text()
        stream.text()
        layout = _ELEMENT.get(version)
        if layout is None:
            raise UnknownStreamError(f"TBranchElement of version {version}")
        _, _, _, branch.element_type, branch.streamer_type, _ = stream.take(layout)
        for _ in range(2):  # fBranchCount: the leaf's counter says the same
            _object(stream, _branch)
    stream.end(stop)
    return branch


def _plain_branch(stream: Stream, class_name: str) -> StoredBranch:
    version, stop = stream.begin()
    name = stream.name()
    stream.skip()  # TAttFill
    (baskets, room, entries, first, total, packed), numbers = _branch_numbers(stream, version)
    branches = _branches(stream)
    leaves = _list_of(stream, _leaf)
    embedded = bool(_list_of(stream, _skipped))
    at = stream.at  # a flag, and as many numbers as there is room for, three times
    stream.at += 3 + 20 * room
    stream.changing.append((at + 1, stream.at))
    branch = StoredBranch(
        name=name,
        class_name=class_name,
        branches=branches,
        leaves=leaves,
        entries=entries,
        first_entry=first,
        values_bytes=total,
        stored_bytes=packed,
        baskets=baskets,
        room=room,
        embedded=embedded,
        lists=lists_at(at, room),
        elsewhere=stream.text(),
        numbers=numbers,
    )
    for leaf in leaves:
        leaf.branch = branch
    stream.end(stop)
    return branch


def _branch_numbers(stream: Stream, version: int) -> tuple[tuple[int, ...], NumbersAt]:
    """Return baskets, room, entries, first entry, bytes of values and in the file; and where."""
    if version not in _BEHIND:
        raise UnknownStreamError(f"TBranch of version {version}")
    at = stream.at
    _, _, _, baskets, _ = stream.take(_BEFORE)
    stream.changing.append((at, stream.at))
    if version >= _WITH_IO_FEATURES:
        stream.skip()
    behind = stream.at
    _, room, _, entries, *first, total, packed = stream.take(_BEHIND[version])
    stream.changing.append((behind, stream.at))
    sizes = stream.at - _SIZES_BYTES
    return (baskets, room, entries, first[0] if first else 0, total, packed), (at, behind, sizes)


def _skipped(stream: Stream, _class_name: str) -> bool:
    stream.end(stream.pointed)
    return True


def _leaf(stream: Stream, class_name: str) -> StoredLeaf:
    _, stop = stream.begin()
    _, base_stop = stream.begin()
    name, title = stream.named()
    length, _, _, _, is_unsigned = stream.take(_LEAF)
    counter = _object(stream, _leaf)
    stream.end(base_stop)
    leaf = StoredLeaf(
        name=name,
        title=title,
        class_name=class_name,
        length=length,
        is_unsigned=bool(is_unsigned),
        counter=counter if isinstance(counter, StoredLeaf) else None,
    )
    if class_name == "TLeafElement":
        _, leaf.element_type = stream.take(_LEAF_ELEMENT)
    elif class_name in RANGED:
        stream.changing.append((stream.at, stop))  # its lowest and highest value
    stream.end(stop)
    return leaf
