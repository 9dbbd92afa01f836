"""Opening a tree: by our own reading of its structure, or by uproot where that does not suffice."""

import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
import uproot

from mlaas4hep.adapters.sources.places.place import Bytes, Place, shown
from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.adapters.sources.root import header as rootheader
from mlaas4hep.adapters.sources.root.codecs import UnknownCompressionError
from mlaas4hep.adapters.sources.root.damage import FAILURES
from mlaas4hep.adapters.sources.root.directory import Key, Read, keys_of
from mlaas4hep.adapters.sources.root.forms import leaves_of_rntuple, leaves_of_ttree
from mlaas4hep.adapters.sources.root.header import Header
from mlaas4hep.adapters.sources.root.leaf import Leaf
from mlaas4hep.adapters.sources.root.leaftable import LeafTable, ListedLeaves
from mlaas4hep.adapters.sources.root.ntuple.fields import ValueField, found_in
from mlaas4hep.adapters.sources.root.ntuple.layout import Field, NtupleLayout
from mlaas4hep.adapters.sources.root.ntuple.stored import StoredNtuple
from mlaas4hep.adapters.sources.root.source import uproot_source
from mlaas4hep.adapters.sources.root.stream import UnknownStreamError
from mlaas4hep.adapters.sources.root.tree import KnownTree, is_ttree
from mlaas4hep.adapters.sources.root.treenames import (
    TTREES,
    ObjectName,
    names_of_trees,
    tree_named,
)
from mlaas4hep.adapters.sources.root.ttree.productions import Productions
from mlaas4hep.core.requests.inputs.cycles import split_cycle
from mlaas4hep.errors import InvalidRequestError

OpenWithUproot = Callable[[], Any]


def tree_names(place: Place, content: Bytes) -> tuple[str, ...]:
    """Return the names of TTrees and RNTuples in a file."""
    if not place.is_remote:
        check_length(place, content)
    try:
        return names_of_trees(_keys(place, content))
    except (UnknownStreamError, UnknownCompressionError):
        with ExitStack() as stack:
            return names_of_trees(_objects(_file_of_uproot(place, stack)))


def known_tree(
    place: Place,
    content: Bytes,
    name: str,
    reopen: OpenWithUproot,
    productions: Productions,
) -> KnownTree:
    """Return what there is to know about a tree; `productions` learn of it.

    Raises:
        InvalidRequestError: the file has no tree of this name.
    """
    read = partial(place.read, content)
    try:
        found = _keys(place, content)
    except (UnknownStreamError, UnknownCompressionError):
        return _by_uproot(place, name, reopen())
    key = tree_named(place, name, found)
    if key.class_name in TTREES:
        try:
            entries, leaves = _ttree(key, read, reopen, productions)
        except (UnknownStreamError, UnknownCompressionError):
            return _by_uproot(place, name, reopen())
        return KnownTree(place, name, uuid=_uuid(read), entries=entries, leaves=leaves, key=key)
    try:
        return _ntuple(place, name, key, read, reopen)
    except (UnknownStreamError, UnknownCompressionError):
        return _by_uproot(place, name, reopen())


def _uuid(read: Read) -> str:
    header = Header.of(read(0, rootheader.SIZE))
    return header.uuid if header else ""


def _ntuple(place: Place, name: str, key: Key, read: Read, reopen: OpenWithUproot) -> KnownTree:
    stored = StoredNtuple(key, read, place.size_bytes)
    found = found_in(stored.schema)
    edges = np.array(stored.boundaries() or (0,), ">i8").tobytes()
    leaves = [_leaf_of_field(each, edges) for each in found if each.field or each.unreadable]
    unknown = {each.name for each in found if not (each.field or each.unreadable)}
    if unknown:
        leaves += [leaf for leaf in leaves_of_rntuple(reopen()) if leaf.name in unknown]
    return KnownTree(
        place,
        name,
        uuid=_uuid(read),
        entries=stored.entries,
        leaves=ListedLeaves(leaves),
        pages=partial(_pages, place, key),
        sizes=stored.checksum,
    )


def _pages(place: Place, key: Key, fields: Sequence[Field]) -> NtupleLayout:
    """Return where fields lie, read again: it is needed once, and large."""
    with ExitStack() as stack:
        read = partial(place.read, place.open(stack))
        return StoredNtuple(key, read, place.size_bytes).layout(fields)


def _leaf_of_field(found: ValueField, edges: bytes) -> Leaf:
    field = found.field
    if field is None:
        return Leaf(name=found.name, unreadable=found.unreadable)
    return Leaf(
        name=found.name,
        dtype=field.dtype,
        jagged=field.jagged,
        collection=field.collection,
        edges=edges,
        field=field,
    )


def _keys(place: Place, content: Bytes) -> list[Key]:
    """Return the objects of a file."""
    return list(keys_of(partial(place.read, content), place.size_bytes))


def _ttree(
    key: Key,
    read: Callable[[int, int], bytes],
    reopen: OpenWithUproot,
    productions: Productions,
) -> tuple[int, LeafTable]:
    """Return entries and leaves; uproot is asked about those of kinds that we do not know."""
    data = key.content(read)
    entries, leaves, unknown = productions.leaves(data, key.key_bytes, key.class_name)
    if not unknown:
        return entries, leaves
    try:
        more = list(leaves_of_ttree(reopen(), unknown))
    except FAILURES as error:  # such as a compression that only we inflate
        if not any(leaves):
            raise
        reason = f"of a kind that only uproot reads, which fails: {first_line(error)}"
        more = [Leaf(name=name, unreadable=reason) for name in sorted(unknown)]
    return entries, ListedLeaves([*leaves, *more])


def _by_uproot(place: Place, name: str, tree: Any) -> KnownTree:
    found = list(leaves_of_ttree(tree) if is_ttree(tree) else leaves_of_rntuple(tree))
    leaves = ListedLeaves(found)
    return KnownTree(
        place, name, uuid=str(tree.file.uuid), entries=int(tree.num_entries), leaves=leaves
    )


def check_length(place: Place, content: Bytes) -> None:
    """Refuse a file that ends before the length that its header tells."""
    if place.size_bytes < rootheader.SIZE:
        what = "is not a ROOT file" if place.size_bytes else "is empty"
        raise InvalidRequestError(
            f"{shown(place.url)} {what}: it has {place.size_bytes} bytes",
            hint="copy the file again",
        )
    header = Header.of(place.read(content, 0, rootheader.SIZE))
    if header is None:
        raise InvalidRequestError(f"{shown(place.url)} is not a ROOT file")
    if header.end_bytes > place.size_bytes:
        raise InvalidRequestError(
            f"{shown(place.url)} is cut short:"
            f" it has {place.size_bytes} bytes of {header.end_bytes}",
            hint="copy the file again",
        )


def tree_of_uproot(place: Place, name: str) -> Any:
    """Return uproot's tree; it keeps the file open as long as it lives.

    Raises:
        InvalidRequestError: the file is cut short, or has no tree of this name.
    """
    with ExitStack() as stack:
        file = _file_of_uproot(place, stack)
        try:
            found = tree_named(place, name, _objects(file))
            tree = file[f"{found.name};{found.cycle}"]
        except OSError:
            check_length(place, place.open(stack))
            raise
        weakref.finalize(tree, stack.pop_all().close)
    return tree


def _objects(file: Any) -> list[ObjectName]:
    """Return the objects of a file as uproot tells them."""
    parts = ((*split_cycle(key), of) for key, of in file.classnames().items())
    return [ObjectName(name=name, cycle=cycle or 1, class_name=of) for name, cycle, of in parts]


def _describe_classes_once(file: Any) -> None:
    """Let the descriptions of classes be read once: damaged ones name each other round and round."""
    begun = False

    def hook(**_given: Any) -> None:
        nonlocal begun
        if begun:
            raise ValueError("the descriptions of its classes need themselves")
        begun = True

    file.file.hook_before_read_streamer_key = hook


def _file_of_uproot(place: Place, stack: ExitStack) -> Any:
    """Return uproot's file, whole as far as its header tells; the stack closes it."""
    content = place.open(stack)
    handler = uproot_source(place, content)
    try:
        file = uproot.open(place.url, handler=handler, object_cache=None, array_cache=None)
    except OSError:  # it ends where something should be; this looks whether it is too short
        check_length(place, content)
        raise
    stack.callback(file.close)
    _describe_classes_once(file)
    if not place.is_remote:
        check_length(place, content)
    return file
