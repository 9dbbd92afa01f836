"""Usual branches are read in few steps, and are what they are when read object by object."""

import awkward as ak
import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.sources.root.stream import DamagedStreamError, UnknownStreamError
from mlaas4hep.adapters.sources.root.ttree.reading import read_tree
from mlaas4hep.adapters.sources.root.ttree.stored import StoredBranch, StoredLeaf
from tests.adapters.sources.root.ttree.storedbytes import stored

KEPT = [name for name in StoredBranch.__slots__ if name not in ("branches", "leaves")]
OF_LEAF = [name for name in StoredLeaf.__slots__ if name not in ("counter", "branch")]


def told(data, before, *, thorough):
    """Return all that is known of a tree, or why it cannot be read."""
    try:
        tree = read_tree(data, before, thorough=thorough)
    except (UnknownStreamError, DamagedStreamError) as error:
        return str(error)
    branches = [_of_branch(branch) for branch in tree.branches]
    return tree.entries, tree.entries_at, tree.end, sorted(tree.changing), branches


def _of_branch(branch):
    leaves = [
        ([getattr(leaf, name) for name in OF_LEAF], leaf.branch is branch, _counter(leaf.counter))
        for leaf in branch.leaves
    ]
    below = [_of_branch(each) for each in branch.branches]
    return [getattr(branch, name) for name in KEPT], leaves, below


def _counter(leaf):
    return leaf and (leaf.name, leaf.branch and leaf.branch.name)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    path = tmp_path_factory.mktemp("usual") / "a.root"
    rows = ak.Array([[1.0], [], [2.0, 3.0]])
    with uproot.recreate(path) as file:
        file.mktree("t", {"x": np.float64, "é" * 200: np.int32, "J": "var * float32"})
        file["t"].extend({"x": np.ones(3), "é" * 200: np.ones(3, np.int32), "J": rows})
    return stored(path, "t")


def test_a_tree_is_the_same_in_few_steps(tree):
    assert told(*tree, thorough=False) == told(*tree, thorough=True)


def test_a_damaged_tree_is_the_same_in_few_steps_too(tree):
    data, before = tree

    for at in range(len(data)):
        damaged = bytes((*data[:at], data[at] ^ 0x41, *data[at + 1 :]))
        assert told(damaged, before, thorough=False) == told(damaged, before, thorough=True), at


def test_a_tree_that_ends_early_is_told_so_in_few_steps_too(tree):
    data, before = tree

    for stop in range(0, len(data), 7):
        cut = data[:stop]
        assert told(cut, before, thorough=False) == told(cut, before, thorough=True), stop


@pytest.mark.parametrize(
    ("file", "name"),
    [("nano_dy.root", "Events"), ("Zmumu.root", "events"), ("HZZ.root", "events")],
)
def test_trees_of_root_are_the_same_in_few_steps(shared_data, file, name):
    data, before = stored(shared_data / file, name)

    assert told(data, before, thorough=False) == told(data, before, thorough=True)
