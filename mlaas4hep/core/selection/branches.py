"""Which branches are read and which become features, decided once for all files of a run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.syntax import Instruction
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import DEFAULT_IDENTIFIERS, Params
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

_LISTED = 8  #: names that a message lists before it counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """What is read of every file, and what becomes of it."""

    features: tuple[str, ...]  #: sorted; branches of the files and new ones
    reads: tuple[str, ...]  #: sorted; what features, cuts, new branches and labels need
    label: tuple[str, ...]  #: sorted; what the label is computed from, never a feature
    identifiers: tuple[str, ...]  #: those that the files have; never features
    warnings: tuple[str, ...] = ()


def choose(
    trees: Mapping[str, TreeInfo], params: Params, preproc: Preproc, labels: Labels
) -> Branches:
    """Return the branches of a run.

    Args:
        trees: of every file, by its name as the person wrote it.

    Raises:
        InvalidRequestError: a branch that is asked for by name is in no file, files differ in
            their branches, the label is not one number an entry, or no feature is left.
    """
    kinds = _every_kind(trees)
    for file, tree in trees.items():
        _check_file(file, tree, preproc, kinds if params.missing_branches == "fill" else {})
    label = _label_names(labels, trees, preproc)
    identifiers = _identifiers(params, trees)
    new = set(preproc.defines)
    known = {branch.name for tree in trees.values() for branch in tree.branches}
    hidden = label | set(identifiers) | preproc.removes
    _check_patterns(params, trees, known | new)
    chosen = _matching(params.selected_branches, known) if params.selected_branches else known
    excluded = _matching(params.exclude_branches, known | new)
    wanted = chosen - excluded - hidden
    partial = {name for tree in trees.values() for name in wanted - _names(tree)}
    needed = (preproc.reads | label) - new
    if params.missing_branches == "common":
        wanted -= partial
    reads = wanted | needed
    asked = label | preproc.reads | set(params.selected_branches)
    fills = kinds.keys() - label if params.missing_branches == "fill" else set()
    _check_alike(trees, reads, asked, fills)
    features = wanted | (new - excluded - hidden)
    if not features:
        raise InvalidRequestError(
            "no branch is left to learn from",
            hint="look at selected_branches, exclude_branches and identifier in params.json",
        )
    return Branches(
        features=tuple(sorted(features)),
        reads=tuple(sorted(reads)),
        label=tuple(sorted(label)),
        identifiers=identifiers,
        warnings=(
            *_warnings(trees, params, label, known | new, labels),
            *_warnings_of_differences(trees, params, partial, reads),
        ),
    )


def label_expression(labels: Labels, names: Iterable[str]) -> Expression:
    """Return the label's formula; a name of a branch needs not be one that formulas can hold."""
    name = labels.expression
    if name in set(names):
        return Expression(text=name, program=(Instruction(kind="name", value=name, column=1),))
    return Expression.parse(name)


def lacking(
    tree: TreeInfo, trees: Iterable[TreeInfo], reads: Iterable[str]
) -> tuple[BranchInfo, ...]:
    """Return the branches that are read of other trees and that this one has not."""
    missing = set(reads) - _names(tree)
    if not missing:
        return ()
    found = {
        branch.name: branch for each in trees for branch in each.branches if branch.name in missing
    }
    return tuple(found[name] for name in sorted(found))


def _every_kind(trees: Mapping[str, TreeInfo]) -> dict[str, bool]:
    """Return all branches of all files, and whether they are jagged."""
    return {branch.name: branch.jagged for tree in trees.values() for branch in tree.branches}


def _names(tree: TreeInfo) -> set[str]:
    return {branch.name for branch in tree.branches}


def _check_file(file: str, tree: TreeInfo, preproc: Preproc, others: Mapping[str, bool]) -> None:
    """Refuse a file for which preproc.json makes no sense; `others` are filled where missing."""
    unreadable = dict(tree.unreadable)
    kinds = {name: jagged for name, jagged in others.items() if name not in unreadable}
    kinds |= {branch.name: branch.jagged for branch in tree.branches}
    flat = {name for name, jagged in kinds.items() if not jagged}
    jagged = kinds.keys() - flat
    for name in sorted(preproc.reads & unreadable.keys()):
        raise _not_numbers(file, name, unreadable[name])
    try:
        preproc.check(flat, jagged)
    except InvalidRequestError as error:
        raise error.located(file=file) from error


def _label_names(labels: Labels, trees: Mapping[str, TreeInfo], preproc: Preproc) -> set[str]:
    if not labels.expression:
        return set()
    known = _all_names(trees) | set(preproc.defines)
    expression = label_expression(labels, known)
    for name in sorted(expression.names - known):
        raise _unknown(next(iter(trees)), name, known, "labels.txt")
    jagged = {branch.name for tree in trees.values() for branch in tree.branches if branch.jagged}
    jagged |= {branch.name for branch in preproc.new_branches if branch.jagged}
    if expression.is_jagged(jagged):
        name = min(expression.names & jagged)
        raise InvalidRequestError(
            f"the label {labels.expression!r} is a row of values, not one number an entry",
            file="labels.txt",
            branch=name,
            hint="sum, min, max, mean, count, any and all give one value for each row",
        )
    return set(expression.names)


def _all_names(trees: Mapping[str, TreeInfo]) -> set[str]:
    return {branch.name for tree in trees.values() for branch in tree.branches}


def _identifiers(params: Params, trees: Mapping[str, TreeInfo]) -> tuple[str, ...]:
    """Return the identifiers that the files have; one that was asked for must be there."""
    known = _all_names(trees)
    missing = [name for name in params.identifier if name not in known]
    if missing and set(params.identifier) != set(DEFAULT_IDENTIFIERS):
        raise _unknown(next(iter(trees)), missing[0], known, "identifier")
    return tuple(sorted(set(params.identifier) & known))


def _check_patterns(params: Params, trees: Mapping[str, TreeInfo], known: set[str]) -> None:
    """Refuse names that no file has, and names of branches that are not numbers."""
    unreadable = {
        name: (file, why) for file, tree in trees.items() for name, why in tree.unreadable
    }
    for name in params.selected_branches:
        if name in unreadable and name not in known:
            file, why = unreadable[name]
            raise _not_numbers(file, name, why)
        if not _matching([name], known):
            raise _unknown(next(iter(trees)), name, known, "selected_branches")
    for name in params.exclude_branches:
        if not _is_glob(name) and name not in known and name not in unreadable:
            raise _unknown(next(iter(trees)), name, known, "exclude_branches")


def _check_alike(
    trees: Mapping[str, TreeInfo],
    names: AbstractSet[str],
    asked: AbstractSet[str],
    fills: AbstractSet[str],
) -> None:
    """Refuse branches that some file has not, unless it is filled, or only one has as rows."""
    first: dict[str, tuple[str, BranchInfo]] = {}
    for file, tree in trees.items():
        branches = {branch.name: branch for branch in tree.branches}
        unreadable = dict(tree.unreadable)
        missing = sorted(names - branches.keys() - (fills - unreadable.keys()))
        if missing:
            hint = nearest(missing[0], branches) if missing[0] in asked else ""
            raise _missing(file, missing, unreadable, hint)
        for name in names & branches.keys():
            known_file, known = first.setdefault(name, (file, branches[name]))
            if known.jagged != branches[name].jagged:
                raise InvalidRequestError(
                    f"branch {name!r} is {known.kind} in {known_file!r}"
                    f" but {branches[name].kind} in {file!r}",
                    file=file,
                    branch=name,
                    hint=f'put "{name}" into exclude_branches',
                )


def _missing(
    file: str, missing: Sequence[str], unreadable: Mapping[str, str], hint: str
) -> InvalidRequestError:
    name = missing[0]
    if name in unreadable:
        return _not_numbers(file, name, unreadable[name])
    others = "" if len(missing) == 1 else f" (nor {_listed(missing[1:])})"
    return InvalidRequestError(
        f"{file!r} has no branch {name!r}{others}, which other files have",
        file=file,
        branch=name,
        hint=hint
        or "put what not all files have into exclude_branches, or say in params.json what becomes"
        ' of it: "missing_branches": "common" or "fill"',
    )


def _not_numbers(file: str, name: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"branch {name!r} of {file!r} cannot be numbers: {why}",
        file=file,
        branch=name,
        hint=f'put "{name}" into exclude_branches, or do not ask for it',
    )


def _unknown(file: str, name: str, known: AbstractSet[str], key: str) -> InvalidRequestError:
    what = "matches no branch" if _is_glob(name) else "is no branch"
    return InvalidRequestError(
        f"{key}: {name!r} {what} of {file!r}", file=file, branch=name, hint=nearest(name, known)
    )


def _warnings(
    trees: Mapping[str, TreeInfo],
    params: Params,
    label: AbstractSet[str],
    known: AbstractSet[str],
    labels: Labels,
) -> list[str]:
    found: list[str] = []
    skipped = sorted({(name, why) for tree in trees.values() for name, why in tree.unreadable})
    left = [
        f"{name} ({why})"
        for name, why in skipped
        if not _matching(params.exclude_branches, {name})
        and (not params.selected_branches or _matching(params.selected_branches, {name}))
    ]
    if left:
        found.append(f"left out, because they cannot be numbers: {_listed(left)}")
    if label and labels.expression not in label:
        found.append(
            f"left out of the features, because the label is computed from them:"
            f" {_listed(sorted(label))}"
        )
    there = known | {name for name, _ in skipped}
    idle = [p for p in params.exclude_branches if _is_glob(p) and not _matching([p], there)]
    if idle:
        found.append(f"exclude_branches: no branch matches {_listed(idle)}")
    empty = [file for file, tree in trees.items() if not tree.entries]
    if empty:
        found.append(f"no entries in {_listed(empty)}")
    return found


def _warnings_of_differences(
    trees: Mapping[str, TreeInfo],
    params: Params,
    partial: AbstractSet[str],
    reads: AbstractSet[str],
) -> Iterator[str]:
    """Yield what became of branches in which files differ."""
    if partial and params.missing_branches == "common":
        yield f"left out, because not all files have them: {_listed(sorted(partial))}"
    gaps = Counter(name for tree in trees.values() for name in reads - _names(tree))
    filled = [f"{name} (in {gaps[name]} of {len(trees)} files)" for name in sorted(gaps)]
    if filled:
        yield f"filled with NaN or empty rows, because files lack them: {_listed(filled)}"
    dtypes: dict[str, set[str]] = {}
    for tree in trees.values():
        for branch in tree.branches:
            dtypes.setdefault(branch.name, set()).add(branch.dtype)
    wide = [
        name
        for name in sorted(reads)
        if dtypes[name] & {"int64", "uint64"} and dtypes[name] & {"float32", "float64"}
    ]
    if wide:
        yield (
            "whole numbers of 64 bits in some files and decimal ones in others, so that digits"
            f" above 2^53 are lost: {_listed(wide)}"
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_LISTED])
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"


def _is_glob(pattern: str) -> bool:
    return any(letter in pattern for letter in "*?[")


def _matching(patterns: Iterable[str], names: AbstractSet[str]) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        if pattern in names:
            found.add(pattern)
        elif _is_glob(pattern):
            found.update(name for name in names if fnmatchcase(name, pattern))
    return found
