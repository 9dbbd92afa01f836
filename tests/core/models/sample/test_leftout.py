"""Branches that are no features are told with the reason that the choice of branches has."""

from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.models.sample.leftout import left_out
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.selection.branches import choose
from mlaas4hep.core.selection.preproc import Preproc

NAMES = ("met", "w", "w*", "w1")
TREE = TreeInfo(
    url="a.root",
    tree="Events",
    uuid="",
    size_bytes=1,
    entries=1,
    branches=tuple(BranchInfo(name=name, dtype="float32", jagged=False) for name in NAMES),
)


def reasons(**params):
    trees, wanted = {"a.root": TREE}, Params(identifier=(), **params)
    chosen = choose(trees, wanted, Preproc(), Labels())
    return {each.branch: each.reason for each in left_out(trees, wanted, Preproc(), chosen)}


def test_every_branch_that_is_not_selected_or_is_excluded_is_told():
    assert reasons(selected_branches=("met", "w?"), exclude_branches=("w1",)) == {
        "w": "not in selected_branches",
        "w1": "exclude_branches",
    }


def test_a_pattern_that_is_the_name_of_a_branch_means_that_branch_alone():
    assert reasons(selected_branches=("w*",)) == dict.fromkeys(
        ("met", "w", "w1"), "not in selected_branches"
    )
    assert reasons(exclude_branches=("w*",)) == {"w*": "exclude_branches"}
