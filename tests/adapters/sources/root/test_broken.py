"""Files that are damaged, cut, no ROOT or not there are refused by name; none is a crash."""

from contextlib import ExitStack

import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.places.locate import Locator
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.root import opening
from mlaas4hep.errors import InvalidRequestError
from tests import oracle


def _whole(source, path, tree):
    info = source.describe(path, tree)
    names = [branch.name for branch in info.branches]
    return list(source.read(source.survey(path, tree, names), names, 0, info.entries))


def test_a_file_without_trees_says_so(tmp_path, source):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["h"] = np.histogram([1, 2, 3])

    with pytest.raises(InvalidRequestError, match="trees there are: none"):
        source.describe(str(path), "Events")


@pytest.mark.parametrize("content", [b"", b"no", b"root", b"root" + bytes(1000), bytes(2000)])
def test_what_is_not_root_is_refused(tmp_path, source, content):
    path = tmp_path / "a.root"
    path.write_bytes(content)

    with pytest.raises(InvalidRequestError, match=r"a\.root"):
        source.describe(str(path), "Events")


def test_an_upload_that_brought_nothing_is_told_apart(tmp_path, source):
    (tmp_path / "a.root").touch()

    with pytest.raises(InvalidRequestError, match=r"a\.root' is empty") as caught:
        source.describe(str(tmp_path / "a.root"), "Events")

    assert caught.value.problem.hint == "copy the file again"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_file_that_is_cut_short_is_refused(shared_data, tmp_path, source, share):
    whole = (shared_data / "HZZ.root").read_bytes()
    path = tmp_path / "a.root"
    path.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(InvalidRequestError, match=r"cut short"):
        source.describe(str(path), "events")


@pytest.mark.parametrize("seed", range(6))
def test_damaged_baskets_are_refused_and_never_crash(shared_data, tmp_path, source, seed):
    rng = np.random.default_rng(seed)
    data = np.frombuffer((shared_data / "HZZ.root").read_bytes(), np.uint8).copy()
    places = rng.integers(1000, len(data) - 20_000, 3000)
    data[places] = rng.integers(0, 256, len(places))
    path = tmp_path / "a.root"
    path.write_bytes(data.tobytes())

    with pytest.raises(InvalidRequestError, match=r"a\.root"):
        _whole(source, str(path), "events")


def test_a_file_that_is_not_there_is_named(source, tmp_path):
    for url in (str(tmp_path / "none.root"), str(tmp_path), "tarball:o/f/1/files/none.root"):
        with pytest.raises(InvalidRequestError, match="no"):
            source.describe(url, "Events")


def test_a_branch_that_is_not_there_is_named_with_the_nearest(shared_data, source):
    with pytest.raises(InvalidRequestError, match="'Muon_px'") as caught:
        source.survey(str(shared_data / "HZZ.root"), "events", ["Muon_px"])

    assert "'Muon_Px'" in caught.value.problem.hint


def test_descriptions_of_classes_that_need_themselves_are_damage(tmp_path):
    path = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.arange(3.0)})
    with ExitStack() as stack:
        place = Locator(MemoryStore(lambda: 0.0), ServerPolicy()).locate(str(path))
        file = opening._file_of_uproot(place, stack).file
        assert file.streamers
        file._streamers = None  # as it is while they are read

        with pytest.raises(ValueError, match="need themselves"):
            _ = file.streamers
