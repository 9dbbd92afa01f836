"""Trees of usual branches are read all at once, and are what they are when read one by one."""

import awkward as ak
import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.sources.root.stream import DamagedStreamError, UnknownStreamError
from mlaas4hep.adapters.sources.root.ttree.leaves import leaves_of_stored
from mlaas4hep.adapters.sources.root.ttree.production import Production
from mlaas4hep.adapters.sources.root.ttree.productions import regular_production
from mlaas4hep.adapters.sources.root.ttree.reading import read_tree
from mlaas4hep.core.data.tree import BranchInfo
from tests.adapters.sources.root.ttree.storedbytes import stored


def one_by_one(data, before):
    """Return entries, leaves and the production of a tree whose branches are read one by one."""
    tree = read_tree(data, before, thorough=True)
    leaves, unknown = leaves_of_stored(tree)
    assert not unknown
    return tree.entries, [leaf for leaf, *_ in leaves], Production.of_walked(tree, leaves)


def check_the_same(data, before):
    """Compare a tree that is read at once, if it is, with what it is one by one."""
    found = regular_production(data, before, "TTree")
    if found is None:
        return False
    entries, leaves, production = one_by_one(data, before)
    mine = found.leaves(data)
    assert mine is not None
    assert (mine[0], list(mine[1])) == (entries, leaves)
    assert found.infos == production.infos
    assert found.mask.tobytes() == production.mask.tobytes()
    return True


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    path = tmp_path_factory.mktemp("regular") / "a.root"
    rows = ak.Array([[1.0], [], [2.0, 3.0]])
    kinds = {"x": np.float64, "\u00e9" * 200: np.int32, "J": "var * float32", "b": np.bool_}
    with uproot.recreate(path) as file:
        file.mktree("t", kinds | {"a": (np.uint8, (2, 3))})
        for _ in range(2):
            file["t"].extend(
                {
                    "x": np.ones(3),
                    "\u00e9" * 200: np.ones(3, np.int32),
                    "J": rows,
                    "b": np.ones(3, np.bool_),
                    "a": np.ones((3, 2, 3), np.uint8),
                }
            )
    return stored(path, "t")


def test_a_tree_of_usual_branches_is_read_at_once(tree):
    assert check_the_same(*tree)
    assert regular_production(*tree, "TTree").infos[2:] == (
        BranchInfo(name="nJ", dtype="int32", jagged=False, collection="nJ"),
        BranchInfo(name="J", dtype="float32", jagged=True, collection="nJ"),
        BranchInfo(name="b", dtype="bool", jagged=False, collection="b"),
        BranchInfo(name="a", dtype="uint8", jagged=True, collection="a"),
    )


def test_a_damaged_tree_is_the_same_or_left_to_reading_one_by_one(tree):
    data, before = tree

    done = 0
    for at in range(len(data)):
        flip = (0x41, 0x80, 0xFF)[at % 3]
        damaged = bytes((*data[:at], data[at] ^ flip, *data[at + 1 :]))
        try:
            done += check_the_same(damaged, before)
        except (DamagedStreamError, UnknownStreamError) as error:
            pytest.fail(f"byte {at}: {error}")
    assert 0 < done < len(data)


def test_a_tree_that_ends_early_is_left_to_reading_one_by_one(tree):
    data, before = tree
    whole = len(regular_production(*tree, "TTree").mask)

    for stop in range(0, whole, 7):
        assert regular_production(data[:stop], before, "TTree") is None, stop


@pytest.mark.parametrize(
    ("kinds", "why"),
    [
        ({"s": "string"}, "is read at once"),
        ({"v": "var * 2 * float32"}, "of rows with an inner width"),
    ],
)
def test_texts_and_rows_of_arrays_are_the_same(tmp_path, kinds, why):
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("t", kinds)

    assert check_the_same(*stored(tmp_path / "a.root", "t")), why


def test_a_tree_without_branches_is_left_to_reading_one_by_one(tree):
    data, before = tree
    at = data.index(b"TBranch\0") - 16  # the size of the list, and its lowest index

    empty = data[:at] + bytes(4) + data[at + 4 :]

    assert int.from_bytes(data[at : at + 4], "big") == 6
    assert regular_production(empty, before, "TTree") is None


@pytest.mark.parametrize(
    ("file", "name", "is_regular"),
    [
        ("nano_dy.root", "Events", True),
        ("nano_dimuon.root", "Events", True),
        ("Zmumu.root", "events", False),  # branches of an older version
    ],
)
def test_trees_of_root_are_the_same(shared_data, file, name, is_regular):
    assert check_the_same(*stored(shared_data / file, name)) is is_regular
