"""The leaves of a stored tree: those that we know how to read, and the names of all others."""

from collections.abc import Iterator
from functools import lru_cache

from mlaas4hep.adapters.sources.root.layout import Kind
from mlaas4hep.adapters.sources.root.leaf import Leaf, Lies
from mlaas4hep.adapters.sources.root.ttree.kinds import Values, values_of
from mlaas4hep.adapters.sources.root.ttree.stored import StoredBranch, StoredLeaf, StoredTree

_COUNTER = Kind(stored=">i4")
_Counters = dict[int, Lies | None]  #: by the identity of their leaves


Origin = tuple[Leaf, StoredBranch, StoredBranch | None]  #: a leaf, its branch, its counter's


def leaves_of_stored(tree: StoredTree) -> tuple[list[Origin], set[str]]:
    """Return the branches without branches below them, and the names of those we know nothing of.

    Of two with one name, the first is meant.
    """
    leaves: dict[str, Origin] = {}
    unknown: set[str] = set()
    seen: set[str] = set()
    counters: _Counters = {}
    for branch in tree.lowest():
        if branch.path in seen:
            continue
        seen.add(branch.path)
        for leaf, counter in _leaves(tree, branch, counters):
            if leaf is None:
                unknown.add(branch.path)
            else:
                leaves.setdefault(leaf.name, (leaf, branch, counter))
    return [each for name, each in leaves.items() if name not in unknown], unknown


def _leaves(
    tree: StoredTree, branch: StoredBranch, counters: _Counters
) -> Iterator[tuple[Leaf | None, StoredBranch | None]]:
    if branch.entries != tree.entries:
        why = f"{branch.entries} of {tree.entries} entries long"
        yield Leaf(name=branch.path, unreadable=why), None
        return
    for values in values_of(branch):
        if values.unreadable:
            yield Leaf(name=branch.path, unreadable=values.unreadable), None
        elif values.kind is None or branch.embedded:
            yield None, None
        else:
            leaf = _leaf(tree, branch, values, values.kind, counters)
            counted = leaf.lies is not None and leaf.lies.counter is not None
            yield leaf, values.counter.branch if counted and values.counter else None


def _leaf(
    tree: StoredTree, branch: StoredBranch, values: Values, kind: Kind, counters: _Counters
) -> Leaf:
    entries, starts, sizes, inside = tree.baskets(branch)
    name = f"{branch.path.rstrip('.')}.{values.member}" if values.member else branch.path
    counter = counters.get(id(values.counter))
    if counter is None and values.counter is not None:
        counter = counters[id(values.counter)] = _counter(tree, values.counter)
    lies = Lies(
        kind=kind,
        entries=entries,
        starts=starts,
        sizes=sizes,
        inside=inside,
        end=tree.entries,
        counter=counter,
        counter_name=f"counter of {name}" if counter else "",
    )
    return Leaf(
        name=name,
        dtype=type_in_memory(kind),
        jagged=kind.jagged and not kind.text,
        collection=collection_of(name, _path(values.counter), kind),
        edges=entries,
        values_bytes=branch.values_bytes,
        stored_bytes=branch.stored_bytes,
        lies=lies,
    )


@lru_cache(maxsize=256)
def type_in_memory(kind: Kind) -> str:
    """Return NumPy's name of the type in memory."""
    return kind.in_memory


def collection_of(name: str, counter: str, kind: Kind) -> str:
    """Return what branches with the same row lengths have in common: the path of the counter.

    Args:
        name: of the leaf.
        counter: path of the branch that gives the row lengths; "": there is none.
        kind: how the leaf is stored.
    """
    if not counter:
        return name
    return counter if kind.inner == 1 else f"{counter}[{kind.inner}]"


def _path(counter: StoredLeaf | None) -> str:
    if counter is None or counter.branch is None:
        return ""
    return counter.branch.path or counter.branch.name


def _counter(tree: StoredTree, leaf: StoredLeaf | None) -> Lies | None:
    """Return where the row lengths lie, if they are the only values of their branch."""
    if leaf is None or leaf.branch is None or len(leaf.branch.leaves) > 1 or leaf.branch.embedded:
        return None
    branch = leaf.branch
    if branch.branches:
        kind = _COUNTER
    else:
        (values,) = values_of(branch)
        if values.kind is None or values.kind.jagged or values.kind.dtype.kind not in "iu":
            return None
        kind = values.kind
    if branch.entries != tree.entries:
        return None
    entries, starts, sizes, inside = tree.baskets(branch)
    return Lies(
        kind=kind, entries=entries, starts=starts, sizes=sizes, inside=inside, end=tree.entries
    )
