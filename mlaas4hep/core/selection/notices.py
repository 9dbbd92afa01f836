"""What became of branches that a person may not expect, in words for the run's warnings."""

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.selection.cuts import NewBranch
from mlaas4hep.core.selection.patterns import is_glob, listed, matching
from mlaas4hep.core.selection.preproc import Preproc


def of_choice(
    trees: Mapping[str, TreeInfo],
    params: Params,
    label: AbstractSet[str],
    known: AbstractSet[str],
    labels: Labels,
) -> Iterator[str]:
    """Yield what is left out, patterns that mean nothing, and files without entries."""
    skipped = sorted({(name, why) for tree in trees.values() for name, why in tree.unreadable})
    left = [
        f"{name} ({why})"
        for name, why in skipped
        if not matching(params.exclude_branches, {name})
        and (not params.selected_branches or matching(params.selected_branches, {name}))
    ]
    if left:
        yield f"left out, because they cannot be numbers: {listed(left)}"
    if label - {*labels.expressions}:
        names = listed(sorted(label))
        yield f"left out of the features, because the label is computed from them: {names}"
    there = known | {name for name, _ in skipped}
    idle = [p for p in params.exclude_branches if is_glob(p) and not matching([p], there)]
    if idle:
        yield f"exclude_branches: no branch matches {listed(idle)}"
    empty = [file for file, tree in trees.items() if not tree.entries]
    if empty:
        yield f"no entries in {listed(empty)}"
    single = [file for file, tree in trees.items() if tree.entries == 1]
    if single:
        yield f"one entry only in {listed(single)}; in JSON each entry is an object of its own"


def of_differences(
    trees: Mapping[str, TreeInfo],
    params: Params,
    partial: AbstractSet[str],
    reads: AbstractSet[str],
) -> Iterator[str]:
    """Yield what became of branches in which files differ."""
    if partial and params.missing_branches == "common":
        yield f"left out, because not all files have them: {listed(sorted(partial))}"
    gaps = Counter(name for tree in trees.values() for name in reads - tree.names)
    filled = [f"{name} (in {gaps[name]} of {len(trees)} files)" for name in sorted(gaps)]
    if filled:
        yield f"filled with NaN or empty rows, because files lack them: {listed(filled)}"


def of_computed(specs: Specs, rules: Rules, preproc: Preproc) -> Iterator[str]:
    """Yield which new branches take values that mean "missing" for numbers, such as -999 GeV.

    One whose definition names the value itself knows what it does.
    """
    measured = {spec.name: spec.missing for spec in specs.branches}
    found = [
        (branch.name, name, value)
        for branch in preproc.new_branches
        for name in sorted(branch.expression.names)
        if measured.get(name, 1)  # of one that is no feature nobody knows
        for value in _missing_values(branch, rules.missing_of(name))
    ]
    if found:
        _, name, value = found[0]
        each = [f"{branch} ({name} of {value:g})" for branch, name, value in found]
        yield (
            f"new branches are computed from values that mean missing: {listed(each)};"
            f" where({name} == {value:g}, 0/0, {name}) in preproc.json is missing there"
        )


def _missing_values(branch: NewBranch, missing: tuple[float, ...]) -> tuple[float, ...]:
    """Return the values that mean missing, unless the definition names one of them."""
    named = {abs(number) for number in branch.expression.numbers}
    return () if named & {abs(value) for value in missing} else missing
