"""What pandas' `to_hdf` writes, written here as pandas and PyTables do: no test needs them."""

import h5py
import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from tests import oracle


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _pickled(*names):
    """Return a list of names as PyTables pickles it."""
    texts = "a".join(f"V{name}\np{place}\n" for place, name in enumerate(names, 1))
    return np.bytes_(f"(lp0\n{texts}a.".encode())


def _block(group, number, names, values, **attributes):
    group[f"block{number}_items"] = np.array([name.encode() for name in names])
    group[f"block{number}_values"] = values
    group[f"block{number}_values"].attrs.update(attributes)


def _frame(path, **attributes):
    file = h5py.File(path, "w")
    group = file.create_group("df")
    group.attrs.update(pandas_type=np.bytes_(b"frame"), **attributes)
    group["axis0"], group["axis1"] = np.array([b"x", b"y"]), np.arange(3)
    return file, group


def _read(source, path, tree):
    info = source.describe(str(path), tree)
    names = sorted(info.names)
    blocks = source.read(source.survey(str(path), tree, names), names, 0, info.entries)
    return info, [entry for block in blocks for entry in oracle.entries_of(block)]


def test_columns_of_a_fixed_frame_have_their_names(source, tmp_path):
    file, group = _frame(tmp_path / "a.h5")
    with file:
        _block(group, 0, ["x", "µ"], np.arange(6.0).reshape(3, 2))
        _block(group, 1, ["n"], np.array([[7], [8], [9]]))
        _block(group, 2, ["t"], np.ones((3, 1), "i8"), value_type=np.bytes_(b"datetime64[ns]"))
        texts = group.create_dataset("block3_values", (1,), h5py.vlen_dtype(np.uint8))
        texts[0] = np.frombuffer(b"pickled", np.uint8)
        group["block3_items"] = np.array([b"s"])

    info, entries = _read(source, tmp_path / "a.h5", "df")

    assert entries == [
        {"n": 7, "x": 0.0, "µ": 1.0},
        {"n": 8, "x": 2.0, "µ": 3.0},
        {"n": 9, "x": 4.0, "µ": 5.0},
    ]
    left_out = dict(info.unreadable)
    assert left_out["t"] == "datetime64[ns]"
    assert "format='table'" in left_out["s"]
    assert left_out["axis0"] == left_out["block0_items"] == "row numbers or names of pandas"


def test_a_fixed_frame_without_entries_has_none(source, tmp_path):
    file, group = _frame(tmp_path / "a.h5")
    with file:
        _block(group, 0, ["x"], np.zeros((1, 1)), shape=np.bytes_(b"(I1\nI0\ntp0\n."))

    info, entries = _read(source, tmp_path / "a.h5", "df")

    assert ([branch.name for branch in info.branches], info.entries, entries) == (["x"], 0, [])


def test_columns_with_names_of_several_levels_are_left_out_by_name(source, tmp_path):
    file, group = _frame(tmp_path / "a.h5", block0_items_variety=np.bytes_(b"multi"))
    with file:
        group["block0_items_level0"] = np.array([b"a", b"b"])
        group["block0_values"] = np.zeros((4, 3))
        _block(group, 1, ["x"], np.ones((4, 1)))

    info, _ = _read(source, tmp_path / "a.h5", "df")

    assert [branch.name for branch in info.branches] == ["x"]
    assert "several levels" in dict(info.unreadable)["block0_values"]


def test_a_fixed_series_has_its_name(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("s")
        group.attrs.update(pandas_type=np.bytes_(b"series"), name=np.bytes_(b"pt"))
        group["index"], group["values"] = np.arange(2), np.array([1.5, 2.5])

    assert _read(source, tmp_path / "a.h5", "s")[1] == [{"pt": 1.5}, {"pt": 2.5}]


def test_columns_of_a_table_have_their_names_and_its_index_is_no_tree(source, tmp_path):
    kinds = [
        ("index", "i8"),
        ("values_block_0", "f8", (2,)),
        ("values_block_1", "S1", (1,)),
        ("values_block_2", "i8", (1,)),
        ("own", "f4"),
        ("when", "i8"),
    ]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"] = np.bytes_(b"frame_table")
        rows = np.zeros(2, kinds)
        rows["values_block_0"], rows["own"] = [[1, 2], [3, 4]], [5, 6]
        rows["values_block_1"] = [[b"a"], [b"b"]]
        group["table"] = rows
        group["table"].attrs.update(
            values_block_0_kind=_pickled("x", "y"),
            values_block_1_kind=_pickled("s"),
            values_block_2_kind=_pickled("t"),
            values_block_2_dtype=np.bytes_(b"datetime64[ns]"),
            when_dtype=np.bytes_(b"datetime64[ns]"),
        )
        group.create_group("_i_table/index")["sorted"] = np.arange(5)

    info, entries = _read(source, tmp_path / "a.h5", "df/table")

    assert source.trees(str(tmp_path / "a.h5")) == ("df/table",)
    assert entries == [
        {"own": 5.0, "s": "a", "x": 1.0, "y": 2.0},
        {"own": 6.0, "s": "b", "x": 3.0, "y": 4.0},
    ]
    assert dict(info.unreadable) == {
        "index": "row numbers or names of pandas",
        "t": "datetime64[ns]",
        "when": "datetime64[ns]",
    }
