"""Which branches are read and which become features, decided once for all files of a run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.named import entry_expression
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import DEFAULT_IDENTIFIERS, Params
from mlaas4hep.core.selection import notices
from mlaas4hep.core.selection.agreement import check_alike, check_file, check_patterns, unknown
from mlaas4hep.core.selection.cuts import check_constants, hint_about
from mlaas4hep.core.selection.patterns import listed, matching
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

_LABELS_FILE = "labels.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """What is read of every file, and what becomes of it."""

    features: tuple[str, ...]  #: sorted; branches of the files and new ones
    reads: tuple[str, ...]  #: sorted; what features, cuts, new branches and labels need
    label: tuple[str, ...]  #: sorted; what the label is computed from, never a feature
    identifiers: tuple[str, ...]  #: those that the files have; never features
    weight: tuple[str, ...] = ()  #: sorted; what the weight is computed from, never a feature
    part: tuple[str, ...] = ()  #: sorted; what says which part or fold an entry belongs to
    part_by: str = ""  #: the expression that says it
    loss: tuple[str, ...] = ()  #: sorted; what only the loss sees is computed from, never a feature
    warnings: tuple[str, ...] = ()

    @property
    def about_entries(self) -> frozenset[str]:
        """Return what preproc.json must not remove: branches that labels, weights … need."""
        return frozenset((*self.label, *self.weight, *self.part, *self.loss))


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
    roles = _roles(trees, params, preproc, labels)
    about = preproc.behind(roles.about)
    for file, tree in trees.items():
        check_file(file, tree, preproc, kinds, about, fills=params.missing_branches == "fill")
    new, known = set(preproc.defines), _all_names(trees)
    check_patterns(params, trees, known | new)
    chosen = matching(params.selected_branches, known) if params.selected_branches else known
    excluded = matching(params.exclude_branches, known | new) | roles.hidden | preproc.removes
    wanted = chosen - excluded
    partial = {name for tree in trees.values() for name in wanted - tree.names}
    if params.missing_branches == "common":
        wanted -= partial
    reads = wanted | ((preproc.reads | roles.about) - new)
    fills = kinds.keys() - about if params.missing_branches == "fill" else set()
    check_alike(trees, reads, about, fills)
    features = wanted | (new - excluded)
    if not features:
        raise InvalidRequestError(
            "no branch is left to learn from",
            hint="look at selected_branches, exclude_branches and identifier in params.json",
        )
    return Branches(
        features=tuple(sorted(features)),
        reads=tuple(sorted(reads)),
        label=tuple(sorted(roles.label)),
        identifiers=roles.identifiers,
        weight=tuple(sorted(roles.weight)),
        part=tuple(sorted(roles.part)),
        part_by=roles.part_by,
        loss=tuple(sorted(roles.loss)),
        warnings=(
            *notices.of_choice(trees, params, roles.label, known | new, labels),
            *notices.of_differences(trees, params, partial, reads),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    """Branches that are named for something else than to be learned from; see `Branches`."""

    label: set[str]
    loss: set[str]
    weight: set[str]
    part: set[str]
    identifiers: tuple[str, ...]
    part_by: str

    @property
    def about(self) -> set[str]:
        """Return what is computed for every entry besides its features."""
        return self.label | self.loss | self.weight | self.part

    @property
    def hidden(self) -> set[str]:
        """Return what is never a feature."""
        return self.label | self.loss | self.weight | set(self.identifiers)


def _roles(
    trees: Mapping[str, TreeInfo], params: Params, preproc: Preproc, labels: Labels
) -> _Roles:
    where = "labels" if params.fitting.labels else _LABELS_FILE
    label = _names_of_all(labels.expressions, trees, preproc, where, "label")
    loss = _names_of_all(labels.beside, trees, preproc, "loss_columns", "loss column")
    weight = names_of(params.weighting.expression, trees, preproc, "weight", "weight")
    identifiers = _identifiers(params, trees)
    part_by = _part_by(params.splitting, identifiers)
    return _Roles(
        label=label,
        loss=loss,
        weight=weight,
        part=names_of(part_by, trees, preproc, "validation or fold_by", "split"),
        identifiers=identifiers,
        part_by=part_by,
    )


def _names_of_all(
    texts: Iterable[str], trees: Mapping[str, TreeInfo], preproc: Preproc, key: str, what: str
) -> set[str]:
    """Return the branches that formulas need; see `names_of`."""
    return {name for text in texts for name in names_of(text, trees, preproc, key, what)}


def _every_kind(trees: Mapping[str, TreeInfo]) -> dict[str, bool]:
    """Return all branches of all files, and whether they are jagged."""
    return {branch.name: branch.jagged for tree in trees.values() for branch in tree.branches}


def names_of(
    text: str, trees: Mapping[str, TreeInfo], preproc: Preproc, key: str, what: str
) -> set[str]:
    """Return the branches that a formula needs; "" needs none.

    Args:
        text: the formula, one number an entry.
        key: where a person wrote it: of params.json, or the name of a file.
        what: it gives, such as "label".

    Raises:
        InvalidRequestError: one of them is not there, or it gives a row of values.
    """
    if not text:
        return set()
    file = key if key == _LABELS_FILE else "params.json"
    known = _all_names(trees) | set(preproc.defines)
    expression = entry_expression(text, known)
    check_constants(expression, known, key)
    for name in sorted(expression.names - known):
        hint = hint_about(name, expression, known)
        raise unknown(next(iter(trees)), name, known, key, hint)
    _check_is_number(text, expression, trees, preproc, file=file, what=what)
    return set(expression.names)


def _check_is_number(
    text: str,
    expression: Expression,
    trees: Mapping[str, TreeInfo],
    preproc: Preproc,
    *,
    file: str,
    what: str,
) -> None:
    """Refuse a formula that gives text, or a row of values."""
    jagged = {branch.name for tree in trees.values() for branch in tree.branches if branch.jagged}
    jagged |= {branch.name for branch in preproc.new_branches if branch.jagged}
    texts = {branch.name for tree in trees.values() for branch in tree.branches if branch.is_text}
    if text in texts:
        raise InvalidRequestError(
            f"the {what} {text!r} is text, not a number",
            file=file,
            branch=text,
            hint=f'a comparison gives 0 and 1: {text} == "signal"; of several classes,'
            f' where({text} == "a", 0, where({text} == "b", 1, 0/0)) gives their numbers',
        )
    if expression.is_jagged(jagged):
        name = min(expression.names & jagged)
        raise InvalidRequestError(
            f"the {what} {text!r} is a row of values, not one number an entry",
            file=file,
            branch=name,
            hint="sum, min, max, mean, count, any and all give one value for each row",
        )


def _all_names(trees: Mapping[str, TreeInfo]) -> set[str]:
    return {branch.name for tree in trees.values() for branch in tree.branches}


def _identifiers(params: Params, trees: Mapping[str, TreeInfo]) -> tuple[str, ...]:
    """Return the identifiers that the files have; one that was asked for must be there."""
    known = _all_names(trees)
    missing = [name for name in params.identifier if name not in known]
    if missing and set(params.identifier) != set(DEFAULT_IDENTIFIERS):
        raise unknown(next(iter(trees)), missing[0], known, "identifier")
    return tuple(sorted(set(params.identifier) & known))


def _part_by(splitting: Splitting, identifiers: Iterable[str]) -> str:
    """Return the expression that splits: that of the request, or else the entry's number."""
    if not splitting.folds or splitting.fold_by:
        return splitting.validation or splitting.fold_by
    events = [name for name in identifiers if "event" in name.lower() or "evt" in name.lower()]
    if len(events) == 1:
        return events[0]
    raise InvalidRequestError(
        f"params.json: folds is {splitting.folds}, but no identifier is clearly the number of the"
        f" event{f' ({listed(events)})' if events else ''}",
        hint='"fold_by": "event" in params.json says what decides the fold of an entry',
    )
