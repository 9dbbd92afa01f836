"""Names of trees: paths, cycles, and what is answered to a wrong one."""

import numpy as np
import pytest
import uproot

from mlaas4hep.errors import InvalidRequestError
from tests.adapters.sources.root.reading import entries_read


def test_trees_in_folders_are_found_and_others_are_listed(tmp_path, source):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file.mktree("deep/down/events", {"x": "f4"})["x"]
        file["deep/down/events"].extend({"x": np.arange(3, dtype="f4")})
        file["other"] = np.histogram([1, 2, 3])

    assert source.describe(str(path), "deep/down/events").entries == 3
    with pytest.raises(InvalidRequestError, match="trees there are: deep/down/events"):
        source.describe(str(path), "events")


def test_of_several_cycles_of_a_tree_the_newest_isentries_read(tmp_path, source):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        for count in (3, 4, 5):
            file["dir/t"] = {"x": np.arange(count)}

    assert source.describe(str(path), "dir/t").entries == 5


@pytest.mark.parametrize("form", ["TTree", "RNTuple"])
def test_a_cycle_and_a_path_are_named_as_uproot_and_root_write_them(tmp_path, source, form):
    path = str(tmp_path / "a.root")
    with uproot.recreate(path) as file:
        for count in (3, 4, 5):
            values = {"x": np.arange(count) + 10.0 * count}
            file.mktree("dir/t", values) if form == "TTree" else file.mkrntuple("dir/t", values)

    for tree, count in [("/dir/t;1", 3), ("dir/t;2", 4), ("dir/t;3", 5), ("/dir/t", 5)]:
        found = entries_read(source, path, tree, ["x"])
        assert [entry["x"] for entry in found] == [10.0 * count + i for i in range(count)], tree


@pytest.mark.parametrize("form", ["TTree", "RNTuple"])
def test_a_cycle_that_is_not_there_is_refused_with_those_that_are(tmp_path, source, form):
    path = str(tmp_path / "a.root")
    with uproot.recreate(path) as file:
        for _ in range(2):
            file.mktree("t", {"x": "f8"}) if form == "TTree" else file.mkrntuple("t", {"x": "f8"})

    with pytest.raises(
        InvalidRequestError, match="has no tree 't;7'; of this name it has t;1, t;2"
    ):
        source.describe(path, "t;7")


def test_a_name_without_its_folder_is_answered_with_the_path(tmp_path, source):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        for name in ("d/e/Events", "Runs", "d/Lumis"):
            file.mktree(name, {"x": "f8"})

    with pytest.raises(InvalidRequestError) as caught:
        source.describe(str(path), "Events;1")
    assert caught.value.problem.hint.startswith("did you mean 'd/e/Events'?")
