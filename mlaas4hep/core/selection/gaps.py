"""Branches that some files lack: what stands in their place where `missing_branches` fills them."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.nesting import SIZES
from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

_PROBES = (1, 100)  #: so that one of them passes what keeps objects: `pt > 25`, `iso < 5`
Lacks = tuple[BranchInfo, ...]  #: what is read of other files, and not there in one


def lacking(trees: Sequence[TreeInfo], reads: AbstractSet[str]) -> Iterator[Lacks]:
    """Yield, for each tree, the branches that are read of others and that it has not."""
    every = {
        branch.name: branch for tree in trees for branch in tree.branches if branch.name in reads
    }
    for tree in trees:
        yield tuple(every[name] for name in sorted(every.keys() - tree.names))


def as_long(
    trees: Sequence[TreeInfo], lacks: Sequence[Lacks], measured: AbstractSet[str]
) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield, for each tree, jagged branches that it lacks, each with one of its own.

    Both are of one collection in a file that has both, so that rows of the one tell how long
    those of the other would be. Sizes of inner lists have none: they would be numbers.

    Args:
        trees: of all files.
        lacks: what each of them lacks.
        measured: branches that are always read, by which lengths may be told.
    """
    missing = {branch.name for each in lacks for branch in each if branch.jagged}
    beside = _of_one_collection(trees, {name for name in missing if not name.endswith(SIZES)})
    for tree, each in zip(trees, lacks, strict=True):
        here = {branch.name for branch in tree.branches if branch.jagged} if each else set()
        told = ((each.name, beside.get(each.name, set()) & here & measured) for each in each)
        yield tuple((name, min(found)) for name, found in told if found)


def _of_one_collection(
    trees: Sequence[TreeInfo], names: AbstractSet[str]
) -> dict[str, AbstractSet[str]]:
    """Return which branches are of the same collection as each of `names`, where that is known."""
    found: dict[str, AbstractSet[str]] = {}
    for tree in trees if names else ():
        members: dict[str, set[str]] = {}
        for branch in tree.branches:
            if branch.collection:
                members.setdefault(branch.collection, set()).add(branch.name)
        for branch in tree.branches:
            if branch.name in names and branch.collection:
                found.setdefault(branch.name, members[branch.collection])
    return found


def check_lengths(
    file: OpenedFile, tree: TreeInfo, preproc: Preproc, reads: AbstractSet[str]
) -> None:
    """Refuse to hold rows that a file has against those that it lacks, which are empty.

    Both are tried on one made-up entry, which shows it before anything is read.

    Raises:
        InvalidRequestError: preproc.json does so; it names the file.
    """
    unknown = {branch.name for branch in file.lacks if branch.jagged} - dict(file.like).keys()
    if not unknown or not (unknown & preproc.reads or preproc.collections):
        return
    for value in _PROBES:
        entry = _made_up([each for each in tree.branches if each.name in reads], value)
        whole = _made_up(file.lacks, value)
        both = Columns(
            entries=1,
            flat={**entry.flat, **whole.flat},
            jagged={**entry.jagged, **whole.jagged},
        )
        if _complaint(preproc, both) is not None:
            continue  # of other things than gaps; what they are, the entries will tell
        complaint = _complaint(preproc, file.filled(entry, reads))
        if complaint is not None:
            raise InvalidRequestError(
                f"{file.name!r} lacks {', '.join(sorted(unknown))}, and it is not known how long"
                f" its rows would be: {complaint}",
                file=file.name,
                branch=min(unknown),
                hint="leave that file out, or what needs the branch out of preproc.json",
            )


def _made_up(branches: Sequence[BranchInfo], value: float) -> Columns:
    """Return one entry in which everything is `value`, and every row has one of it."""
    offsets = np.array([0, 1])

    def filled(branch: BranchInfo) -> Any:
        return np.array(["a"]) if branch.is_text else np.full(1, value, branch.dtype)

    return Columns(
        entries=1,
        flat={each.name: filled(each) for each in branches if not each.jagged},
        jagged={
            each.name: Jagged(content=filled(each), offsets=offsets)
            for each in branches
            if each.jagged
        },
    )


def _complaint(preproc: Preproc, entry: Columns) -> InvalidRequestError | None:
    try:
        preproc.applied(entry)
    except InvalidRequestError as error:
        return error
    return None
