"""What became of branches that a person may not expect, in words for the run's warnings."""

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.selection.patterns import is_glob, listed, matching


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
