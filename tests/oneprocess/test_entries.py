"""Entries of a file as JSON would have them."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.oneprocess import run as oneprocess
from mlaas4hep.oneprocess.entries import locate, only_tree, read_entries


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "new.root"
    with uproot.recreate(path) as root:
        root.mktree("events", {"pt": "float32", "eta": "var * float64"})
        eta = ak.Array([[0.5], [], [1.5, 2.5]])
        root["events"].extend({"pt": np.array([1, 2, 3], np.float32), "eta": eta})
        root["other"] = {"pt": np.zeros(1, np.float32)}
    return str(path)


@pytest.fixture
def source():
    with oneprocess.services() as services:
        yield services.source


@pytest.mark.parametrize(
    ("text", "file", "tree"),
    [
        ("/data/a.root:events", "/data/a.root", "events"),
        ("/data/a.root:dir/events", "/data/a.root", "dir/events"),
        ("/data/a.root", "/data/a.root", ""),
        ("a.root:events", str(Path("a.root").resolve()), "events"),
        ("https://host:8443/a.root", "https://host:8443/a.root", ""),
        ("https://host:8443/a.root:events", "https://host:8443/a.root", "events"),
        ("root://host:1094//store/a.root:events", "root://host:1094//store/a.root", "events"),
    ],
)
def test_a_tree_stands_behind_the_last_colon(text, file, tree):
    assert locate(text) == (file, tree)


def test_a_file_whose_name_has_a_colon_is_that_file(tmp_path):
    odd = tmp_path / "a:b"
    odd.touch()

    assert locate(str(odd)) == (str(odd), "")


def test_entries_have_the_branches_that_are_wanted(source, file):
    info = source.describe(file, "events")

    (block,) = read_entries(source, info, ["pt", "eta"], 1, None)

    assert block == [{"pt": 2.0, "eta": []}, {"pt": 3.0, "eta": [1.5, 2.5]}]


def test_a_branch_that_is_not_there_is_named_with_the_nearest(source, file):
    info = source.describe(file, "events")

    with pytest.raises(InvalidRequestError, match="no branch 'ptt'") as caught:
        next(read_entries(source, info, ["ptt"], 0, None))
    assert "'pt'" in caught.value.problem.hint


def test_several_trees_are_named(source, file):
    with pytest.raises(InvalidRequestError, match="events, other") as caught:
        only_tree(source, file, "")
    assert caught.value.problem.hint == "say which: new.root:events"
    assert only_tree(source, file, "other") == "other"
