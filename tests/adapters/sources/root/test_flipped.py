"""A flipped bit in a basket: told with its place and branch, or read from the file's other place."""

import shutil

import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.core import wire
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from tests import oracle

VALUES = {"x": np.arange(1000.0) // 7, "y": np.arange(1000.0) // 3}
CODECS = {"zlib": uproot.ZLIB(1), "lz4": uproot.LZ4(1)}


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


@pytest.fixture(params=CODECS)
def good(tmp_path, request):
    path = tmp_path / "good.root"
    oracle.write_tree(path, "t", VALUES, basket=100, compression=CODECS[request.param])
    return path


@pytest.fixture
def flipped(good, tmp_path):
    """Return a copy with a flipped bit in entries 200 to 299 of y, and where that basket is."""
    with uproot.open(good) as file:
        begin, size = (int(file["t/y"].member(name)[2]) for name in ("fBasketSeek", "fBasketBytes"))
    data = bytearray(good.read_bytes())
    data[begin + size - 20] ^= 1
    path = tmp_path / "flipped.root"
    path.write_bytes(data)
    return path, begin


def read(source, url):
    survey = source.survey(url, "t", ["x", "y"])
    blocks = list(source.read(survey, ["x", "y"], 0, 1000))
    return {name: np.concatenate([block.flat[name] for block in blocks]) for name in VALUES}


def test_the_error_names_byte_branch_and_entries(source, flipped):
    path, byte = flipped

    with pytest.raises(InvalidRequestError) as caught:
        read(source, str(path))

    told = caught.value.problem
    assert f"damaged at byte {byte}, where entries 200 to 299 of branch 'y' are" in told.message
    assert told.branch == "y"
    assert "on_bad_file" in told.hint


def test_the_error_names_byte_branch_and_entries_of_an_rntuple_too(source, tmp_path):
    path = tmp_path / "flipped.root"
    with uproot.recreate(path) as file:
        writer = file.mkrntuple("t", {name: values[:600] for name, values in VALUES.items()})
        writer.extend({name: values[600:] for name, values in VALUES.items()})
    layout = wire.load(RootLayout, source.survey(str(path), "t", ["y"]).layout.encode()).ntuple
    (column,) = layout.columns
    data = bytearray(path.read_bytes())
    data[column.starts[1] + column.sizes[1] - 20] ^= 1
    path.write_bytes(data)

    with pytest.raises(InvalidRequestError) as caught:
        read(source, str(path))

    where = f"damaged at byte {column.starts[1]}, where entries 600 to 999 of branch 'y' are"
    assert where in caught.value.problem.message
    assert caught.value.problem.branch == "y"


def test_a_file_that_is_damaged_in_one_place_is_read_from_the_next(source, flipped, good):
    path, _byte = flipped
    url = f"{path} | {good}"

    with pytest.raises(ServiceUnavailableError, match="its next place is tried"):
        read(source, url)
    found = read(source, url)

    assert all(np.array_equal(found[name], VALUES[name]) for name in VALUES)


def test_a_file_that_is_damaged_in_all_its_places_is_refused(source, flipped, tmp_path):
    path, _byte = flipped
    shutil.copy(path, tmp_path / "other.root")
    url = f"{path} | {tmp_path}/other.root"
    with pytest.raises(ServiceUnavailableError):
        read(source, url)

    with pytest.raises(InvalidRequestError, match="damaged at byte"):
        read(source, url)


def test_a_file_of_which_the_other_place_has_nothing_is_refused(source, flipped, tmp_path):
    path, _byte = flipped
    url = f"{path} | {tmp_path}/none.root"
    with pytest.raises(ServiceUnavailableError):
        read(source, url)

    with pytest.raises(InvalidRequestError, match="damaged at byte"):
        read(source, url)


def test_what_is_no_root_file_in_one_place_is_described_at_once_in_the_next(source, good, tmp_path):
    (tmp_path / "text.root").write_text("not a file of ROOT")

    assert source.trees(f"{tmp_path}/text.root | {good}") == ("t",)
    assert source.describe(f"{tmp_path}/text.root | {good}", "t").entries == 1000


def test_a_tree_that_is_in_no_place_is_refused_at_once(source, good):
    with pytest.raises(InvalidRequestError, match="no tree 'u'"):
        source.describe(f"{good} | {good}", "u")
