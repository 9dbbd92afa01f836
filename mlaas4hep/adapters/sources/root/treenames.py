"""Names of trees in a ROOT file: paths from its top folder, perhaps with a cycle as in `Events;1`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol, TypeVar

from mlaas4hep.adapters.sources.places.place import Place, shown
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.inputs.cycles import split_cycle
from mlaas4hep.errors import InvalidRequestError

TTREES = frozenset({"TTree", "TNtuple", "TNtupleD"})
RNTUPLE = "ROOT::RNTuple"
OLD_RNTUPLE = "ROOT::Experimental::RNTuple"


class FileObject(Protocol):
    """An object of a file, as far as its name goes."""

    @property
    def name(self) -> str:
        """Return its path from the top folder."""
        ...

    @property
    def class_name(self) -> str:
        """Return what it is."""
        ...

    @property
    def cycle(self) -> int:
        """Return which of the objects of this name it is; the newest has the largest."""
        ...


_N = TypeVar("_N", bound=FileObject)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    """What uproot tells of an object."""

    name: str
    class_name: str
    cycle: int


def names_of_trees(objects: Iterable[FileObject]) -> tuple[str, ...]:
    """Return the names of TTrees and RNTuples, without cycles."""
    return tuple(sorted(name for name, each in _newest(objects).items() if _is_tree(each)))


def tree_named(place: Place, name: str, objects: Sequence[_N]) -> _N:
    """Return the tree that is meant: of several cycles the newest, unless the name says which.

    Args:
        place: of the file.
        name: as the person wrote it.
        objects: all that the file has.

    Raises:
        InvalidRequestError: it is no tree's; with the names that there are.
    """
    newest = _newest(objects)
    path, cycle = split_cycle(name.strip("/"))
    cycles = {each.cycle: each for each in objects if each.name == path}
    found = newest.get(path) if cycle is None else cycles.get(cycle)
    if found is not None and _is_tree(found):
        return found
    if found is not None:
        _check_kind(place, name, found)
    if any(map(_is_tree, cycles.values())):
        raise _no_such_cycle(place, name, path, sorted(cycles))
    there = names_of_trees(objects)
    inside = [each for each in there if each.endswith(f"/{path}")]
    near = f"did you mean {inside[0]!r}?" if inside else nearest(path, there)
    first = near if near.startswith("did") else "name one of them:"
    raise InvalidRequestError(
        f"{shown(place.url)} has no tree {name!r}; the trees there are:"
        f" {', '.join(there) or 'none'}",
        hint=f'{first} "branch" in params.json says which, or FILE:TREE in files.txt',
    )


def _newest(objects: Iterable[_N]) -> dict[str, _N]:
    return {each.name: each for each in sorted(objects, key=attrgetter("cycle"))}


def _is_tree(found: FileObject) -> bool:
    return found.class_name in TTREES or found.class_name == RNTUPLE


def _check_kind(place: Place, name: str, found: FileObject) -> None:
    """Refuse what is nearly a tree."""
    if found.class_name == "TChain":
        raise InvalidRequestError(
            f"{name!r} of {shown(place.url)} is a TChain, which holds no entries",
            hint="name the chain's own files in files.txt",
        )
    if found.class_name == OLD_RNTUPLE:
        raise InvalidRequestError(
            f"{name!r} of {shown(place.url)} is an RNTuple from before its format was settled",
            hint="write it again with ROOT 6.34 or later",
        )


def _no_such_cycle(
    place: Place, name: str, path: str, cycles: Sequence[int]
) -> InvalidRequestError:
    there = ", ".join(f"{path};{cycle}" for cycle in cycles)
    return InvalidRequestError(
        f"{shown(place.url)} has no tree {name!r}; of this name it has {there}",
        hint=f"{path} without a cycle is the newest of them",
    )
