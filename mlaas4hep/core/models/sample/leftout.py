"""Branches that are no features, each with the reason."""

from collections.abc import Iterator, Mapping

from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.models.dryrun import LeftOut
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.selection.branches import Branches
from mlaas4hep.core.selection.patterns import matching
from mlaas4hep.core.selection.preproc import Preproc


def left_out(
    trees: Mapping[str, TreeInfo], params: Params, preproc: Preproc, chosen: Branches
) -> tuple[LeftOut, ...]:
    """Return every branch of the files that is no feature, by name."""
    reasons = dict(_reasons(trees, params, preproc, chosen))
    return tuple(
        LeftOut(branch=name, reason=reasons[name])
        for name in sorted(reasons.keys() - set(chosen.features))
    )


def _reasons(
    trees: Mapping[str, TreeInfo], params: Params, preproc: Preproc, chosen: Branches
) -> Iterator[tuple[str, str]]:
    """Yield (branch, reason); the last reason of a branch counts."""
    known = {branch.name for tree in trees.values() for branch in tree.branches}
    patterns = params.selected_branches
    selected = matching(patterns, known) if patterns else known
    for name in known:
        yield name, "not in every file" if name in selected else "not in selected_branches"
    for tree in trees.values():
        yield from tree.unreadable
    excluded = matching(params.exclude_branches, known)
    for names, reason in (
        (excluded, "exclude_branches"),
        (preproc.removes, "removed by preproc.json"),
        (chosen.label, "the label is computed from it"),
        (chosen.weight, "the weight is computed from it"),
        (chosen.loss, "only the loss sees it: loss_columns"),
        (chosen.identifiers, "identifier"),
    ):
        yield from ((name, reason) for name in names)
