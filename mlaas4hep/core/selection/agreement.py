"""Whether the files of a run agree with its request and with each other; what does not is refused."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.selection.patterns import is_glob, listed, matching
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError


def check_file(
    file: str,
    tree: TreeInfo,
    preproc: Preproc,
    every: Mapping[str, bool],
    about: AbstractSet[str],
    *,
    fills: bool,
) -> None:
    """Refuse a file for which preproc.json makes no sense.

    Args:
        every: whether each branch that some file has is jagged.
        about: those that labels, weights … need.
        fills: whether what a file lacks is filled.
    """
    unreadable = dict(tree.unreadable)
    lacks = {name: jagged for name, jagged in every.items() if name not in unreadable}
    kinds = {branch.name: branch.jagged for branch in tree.branches}
    needed = preproc.reads - set(preproc.defines)
    missing = sorted(
        (needed & lacks.keys()) - kinds.keys(), key=lambda each: (each not in about, each)
    )
    if missing and not fills:
        hint = '"missing_branches": "fill" in params.json puts NaN or empty rows there'
        raise _missing(file, missing, unreadable, _NEVER_FILLED if missing[0] in about else hint)
    if fills:
        kinds = lacks | kinds
    flat = {name for name, jagged in kinds.items() if not jagged}
    jagged = kinds.keys() - flat
    for name in sorted(preproc.reads & unreadable.keys()):
        raise not_numbers(file, name, unreadable[name])
    try:
        preproc.check(flat, jagged)
    except InvalidRequestError as error:
        raise error.located(file=file) from error


def check_patterns(params: Params, trees: Mapping[str, TreeInfo], known: set[str]) -> None:
    """Refuse names that no file has, and names of branches that are not numbers."""
    unreadable = {
        name: (file, why) for file, tree in trees.items() for name, why in tree.unreadable
    }
    for name in params.selected_branches:
        if name in unreadable and name not in known:
            file, why = unreadable[name]
            raise not_numbers(file, name, why)
        if not matching([name], known):
            raise unknown(next(iter(trees)), name, known, "selected_branches")
    for name in params.exclude_branches:
        if not is_glob(name) and name not in known and name not in unreadable:
            raise unknown(next(iter(trees)), name, known, "exclude_branches")


def check_alike(
    trees: Mapping[str, TreeInfo],
    names: AbstractSet[str],
    about: AbstractSet[str],
    fills: AbstractSet[str],
) -> None:
    """Refuse branches that some file has not, unless it is filled, or only one has as rows.

    Args:
        trees: by the names of their files.
        names: of the branches that are read.
        about: those that labels, weights … need.
        fills: those that are filled where they are missing.
    """
    first: dict[str, tuple[str, BranchInfo]] = {}
    for file, tree in trees.items():
        branches = {branch.name: branch for branch in tree.branches}
        unreadable = dict(tree.unreadable)
        missing = sorted(names - branches.keys() - (fills - unreadable.keys()))
        if missing:
            hint = _NEVER_FILLED if missing[0] in about else ""
            raise _missing(file, missing, unreadable, hint)
        for name in names & branches.keys():
            known_file, known = first.setdefault(name, (file, branches[name]))
            here = branches[name]
            if not here.goes_with(known):
                raise InvalidRequestError(
                    f"branch {name!r} is {known.kind} in {known_file!r}"
                    f" but {here.kind} in {file!r}",
                    file=file,
                    branch=name,
                    hint=f'put "{name}" into exclude_branches',
                )


_NEVER_FILLED = "labels, weights and what splits entries are never filled: leave that file out"


def _missing(
    file: str, missing: Sequence[str], unreadable: Mapping[str, str], hint: str
) -> InvalidRequestError:
    name = missing[0]
    if name in unreadable:
        return not_numbers(file, name, unreadable[name])
    others = "" if len(missing) == 1 else f" (nor {listed(missing[1:])})"
    return InvalidRequestError(
        f"{file!r} has no branch {name!r}{others}, which other files have",
        file=file,
        branch=name,
        hint=hint
        or "put what not all files have into exclude_branches, or say in params.json what becomes"
        ' of it: "missing_branches": "common" or "fill"',
    )


def not_numbers(file: str, name: str, why: str) -> InvalidRequestError:
    """Return the error about a branch that holds something else."""
    return InvalidRequestError(
        f"branch {name!r} of {file!r} cannot be numbers: {why}",
        file=file,
        branch=name,
        hint=f'put "{name}" into exclude_branches, or do not ask for it',
    )


def unknown(
    file: str, name: str, known: AbstractSet[str], key: str, hint: str = ""
) -> InvalidRequestError:
    """Return the error about a name, said in `key`, that no branch has."""
    what = "matches no branch" if is_glob(name) else "is no branch"
    return InvalidRequestError(
        f"{key}: {name!r} {what} of {file!r}",
        file=file,
        branch=name,
        hint=hint or nearest(name, known),
    )
