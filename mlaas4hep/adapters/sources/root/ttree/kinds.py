"""How the values of a stored branch are read: from its leaves, without streamers."""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mlaas4hep.adapters.sources.root.layout import Kind, Packing
from mlaas4hep.adapters.sources.root.stream import COUNTED
from mlaas4hep.adapters.sources.root.ttree.packing import packed
from mlaas4hep.adapters.sources.root.ttree.stored import StoredBranch, StoredLeaf

VECTOR_HEADER = 10  #: length, version and number of values before those of each row
_NUMBERS = {
    "TLeafO": "?",
    "TLeafB": "i1",
    "TLeafS": ">i2",
    "TLeafI": ">i4",
    "TLeafL": ">i8",
    "TLeafG": ">i8",
    "TLeafF": ">f4",
    "TLeafD": ">f8",
}
_BITS = 15
_MEMBERS = {  # types of members, as TStreamerInfo numbers them
    1: "i1",
    2: ">i2",
    3: ">i4",
    4: ">i8",
    5: ">f4",
    6: ">u4",
    8: ">f8",
    11: "u1",
    12: ">u2",
    13: ">u4",
    14: ">u8",
    16: ">i8",
    17: ">u8",
    18: "?",
}
_FIXED_ARRAY = 20  #: added to a type
_OF_ONE_OBJECT, _OF_CLONES, _OF_COLLECTION = 0, 31, 41
_WORDS = {
    "bool": "?",
    "char": "i1",
    "signed char": "i1",
    "unsigned char": "u1",
    "short": ">i2",
    "unsigned short": ">u2",
    "int": ">i4",
    "unsigned int": ">u4",
    "long": ">i8",
    "unsigned long": ">u8",
    "Long64_t": ">i8",
    "ULong64_t": ">u8",
    "long long": ">i8",
    "unsigned long long": ">u8",
    "float": ">f4",
    "double": ">f8",
    "Double32_t": ">f4",
}
_COLLECTION = re.compile(
    r"(?:std::)?(?:vector|list|set|deque|multiset|unordered_set|unordered_multiset"
    r"|ROOT::VecOps::RVec|ROOT::RVec)<([^<>]*)>"
)
_OBJECTS = {  # bytes of each, and where its members begin
    "TVector3": (40, {"fX": 16, "fY": 24, "fZ": 32}),
    "TLorentzVector": (64, {"fP.fX": 32, "fP.fY": 40, "fP.fZ": 48, "fE": 56}),
}
_BRACKETS = re.compile(r"\[([^\]]*)\]")


class Values(NamedTuple):
    """Some values of a branch: all, or one member of each entry."""

    member: str = ""  #: of a leaf list or an object
    kind: Kind | None = None
    counter: StoredLeaf | None = None  #: gives the row lengths
    unreadable: str = ""  #: why it cannot be numbers; "" without a kind: nobody here knows


_UNKNOWN = Values()
_TEXT = Kind(stored="u1", length=0, jagged=True, text=True)
_STRING_MEMBERS = frozenset({65, 365})  #: TString, std::string
_STRINGS = frozenset({"string", "std::string", "TString"})


def values_of(branch: StoredBranch) -> Iterator[Values]:
    """Yield what the branch holds; one of no kind that we know is left to another reader."""
    if branch.elsewhere:
        yield Values(unreadable=f"in another file, {branch.elsewhere!r}")
    elif branch.first_entry or not branch.leaves:
        yield _UNKNOWN
    elif branch.class_name == "TBranch":
        yield from _plain(branch)
    elif _is_string(branch):
        yield Values(kind=_TEXT)
    elif _is_whole_object(branch):
        yield from _object(branch)
    elif branch.class_name == "TBranchElement" and len(branch.leaves) == 1:
        yield _element(branch, branch.leaves[0])
    else:
        yield _UNKNOWN


def _is_whole_object(branch: StoredBranch) -> bool:
    """Tell whether each entry is one vector, unsplit; members of split ones name its class, too."""
    if branch.element_class not in _OBJECTS or branch.branches:
        return False
    return branch.class_name == "TBranchObject" or (
        branch.element_type <= _OF_ONE_OBJECT and branch.streamer_type not in _MEMBERS
    )


def _is_string(branch: StoredBranch) -> bool:
    """Tell whether each entry is one text; if its bytes are others, decoding notices."""
    if branch.class_name != "TBranchElement" or branch.element_type > _OF_ONE_OBJECT:
        return False
    alone = branch.element_class in _STRINGS and branch.streamer_type < 0
    return len(branch.leaves) == 1 and (alone or branch.streamer_type in _STRING_MEMBERS)


def _plain(branch: StoredBranch) -> Iterator[Values]:
    if len(branch.leaves) > 1:
        yield from _leaf_list(branch.leaves)
        return
    (leaf,) = branch.leaves
    if leaf.class_name == "TLeafC":
        yield Values(kind=_TEXT)
    elif leaf.class_name in ("TLeafD32", "TLeafF16"):
        try:
            stored, packing = packed(leaf.title.partition("/")[2], leaf.class_name == "TLeafD32")
        except ValueError:
            yield Values(unreadable=f"packed into a range that is not known: {leaf.title!r}")
        else:
            yield _shaped(leaf, stored, packing)
    elif leaf.class_name in _NUMBERS:
        yield _shaped(leaf, _stored(leaf))
    else:
        yield _UNKNOWN


def usual_kind(
    class_name: str, title: str, length: int, *, is_unsigned: bool, counted: bool
) -> Kind | None:
    """Return how the only leaf of a branch is stored; None: not known.

    Args:
        class_name: of the leaf.
        title: its own.
        length: of an entry, or of a row's element.
        is_unsigned: whether whole numbers are.
        counted: whether another leaf gives the row lengths.
    """
    if class_name == "TLeafC":
        return _TEXT
    if class_name not in _NUMBERS:
        return None
    return _kind(
        _number(class_name, is_unsigned=is_unsigned), _dims(title), length, None, counted=counted
    )


def _stored(leaf: StoredLeaf) -> str:
    return _number(leaf.class_name, is_unsigned=leaf.is_unsigned)


def _number(class_name: str, *, is_unsigned: bool) -> str:
    stored = _NUMBERS[class_name]
    return stored.replace("i", "u") if is_unsigned else stored


def _dims(title: str) -> tuple[str, ...]:
    return tuple(_BRACKETS.findall(title.partition("/")[0])) if "[" in title else ()


def _shaped(leaf: StoredLeaf, stored: str, packing: Packing | None = None) -> Values:
    """Return one value an entry, a fixed number of them, or rows with a counter."""
    counted = leaf.counter is not None
    kind = _kind(stored, _dims(leaf.title), leaf.length, packing, counted=counted)
    return Values(kind=kind, counter=leaf.counter) if kind else _UNKNOWN


@lru_cache(maxsize=1024)  # thousands of branches are of few kinds
def _kind(
    stored: str, dims: tuple[str, ...], length: int, packing: Packing | None, *, counted: bool
) -> Kind | None:
    """Return the kind of a leaf of which the title has `dims` in brackets; None: not known."""
    fixed = [int(each) for each in dims if each.isdecimal()]
    if length != math.prod(fixed) or length < 1:
        return None
    if counted:
        return Kind(stored=stored, length=0, jagged=True, inner=length, packing=packing)
    if len(fixed) != len(dims):
        return None
    return Kind(stored=stored, length=length, jagged=bool(dims), packing=packing)


def _leaf_list(leaves: list[StoredLeaf]) -> Iterator[Values]:
    """Yield the members of entries in which several leaves lie one behind the other."""
    if any(leaf.counter is not None for leaf in leaves):
        yield Values(unreadable="a leaf list with rows; give each leaf a branch of its own")
        return
    if any(leaf.class_name not in _NUMBERS for leaf in leaves):
        yield _UNKNOWN
        return
    sizes = [np.dtype(_stored(leaf)).itemsize * leaf.length for leaf in leaves]
    for number, leaf in enumerate(leaves):
        yield Values(
            member=leaf.name,
            kind=Kind(
                stored=_stored(leaf),
                length=leaf.length,
                jagged=bool(_BRACKETS.findall(leaf.title)),
                stride=sum(sizes),
                at=sum(sizes[:number]),
            ),
        )


def _element(branch: StoredBranch, leaf: StoredLeaf) -> Values:
    kind, streamer = branch.element_type, branch.streamer_type
    if streamer == _BITS:
        return Values(unreadable="what ROOT notes about objects, of varying length")
    if kind == _OF_ONE_OBJECT and streamer < 0:
        return _collection(branch)
    if kind == _OF_ONE_OBJECT and streamer % _FIXED_ARRAY in _MEMBERS:
        is_array = _FIXED_ARRAY < streamer < 2 * _FIXED_ARRAY
        if leaf.counter is not None or (streamer > _FIXED_ARRAY and not is_array):
            return _UNKNOWN
        stored = _MEMBERS[streamer % _FIXED_ARRAY]
        return Values(kind=Kind(stored=stored, length=leaf.length, jagged=is_array))
    if kind in (_OF_CLONES, _OF_COLLECTION) and streamer in _MEMBERS and leaf.counter is not None:
        stored = _MEMBERS[streamer]
        return Values(
            kind=Kind(stored=stored, length=0, jagged=True, inner=leaf.length),
            counter=leaf.counter,
        )
    return _UNKNOWN


def _object(branch: StoredBranch) -> Iterator[Values]:
    """Yield the members of vectors that are stored whole: each entry has the same bytes."""
    name = branch.element_class
    before = len(name) + 2 if branch.class_name == "TBranchObject" else 0  # the name stands there
    yield from _members(name, before)


def _members(name: str, before: int) -> Iterator[Values]:
    size, members = _OBJECTS[name]
    for member, at in members.items():
        yield Values(
            member=member,
            kind=Kind(
                stored=">f8",
                stride=before + size,
                at=before + at,
                mark=(before, COUNTED | (size - 4)),
            ),
        )


def values_of_member(class_name: str) -> Iterator[Values]:
    """Yield what a member of a class holds that is stored whole, if it is known here."""
    kind = _rows(class_name)
    if class_name in _OBJECTS:
        yield from _members(class_name, 0)
    elif kind:
        yield Values(kind=kind)


def _collection(branch: StoredBranch) -> Values:
    kind = _rows(branch.element_class)
    return Values(kind=kind) if kind else _UNKNOWN


def _rows(class_name: str) -> Kind | None:
    """Return rows that are an object each, such as a `std::vector` of numbers."""
    found = _COLLECTION.fullmatch(class_name.replace(" >", ">"))
    word = found[1].strip() if found else ""
    stored = _WORDS.get(word)
    if stored is None:
        return None
    packing = Packing(wanted="float64") if word == "Double32_t" else None
    return Kind(stored=stored, length=0, jagged=True, header=VECTOR_HEADER, packing=packing)
