"""HDF5: what is read of tables and arrays, and what is refused."""

import h5py
import numpy as np
import pytest

from mlaas4hep.errors import InvalidRequestError
from tests.adapters.sources.readings import read


def test_groups_of_hdf5_are_trees(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["jets/pt"] = np.arange(3.0)
        file["jets/inner/eta"] = np.arange(3.0)
        file["muons/pt"] = np.arange(5.0)

    names = [b.name for b in source.describe(str(tmp_path / "a.h5"), "jets").branches]

    assert names == ["inner.eta", "pt"]
    assert source.trees(str(tmp_path / "a.h5")) == ("jets", "jets/inner", "muons")
    with pytest.raises(InvalidRequestError, match=r"no group or table 'Events'.*jets.*muons"):
        source.describe(str(tmp_path / "a.h5"), "Events")


def test_the_only_table_of_hdf5_needs_no_name(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["df/table"] = np.array([(1, 2.5)], dtype=[("n", "<i4"), ("x", ">f8")])

    assert read(source, tmp_path / "a.h5", ["n", "x"]) == [{"n": 1, "x": 2.5}]


def test_nothing_outside_an_hdf5_file_is_opened(source, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.arange(3.0)
    (tmp_path / "secret").write_bytes(np.arange(3.0).tobytes())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Events/x"] = np.arange(3.0)
        file["Events/link"] = h5py.ExternalLink("other.h5", "/x")
        file["outside"] = h5py.ExternalLink("other.h5", "/")
        file["Events/through"] = h5py.SoftLink("/outside/x")
        raw = [(str(tmp_path / "secret"), 0, 24)]
        file["Events"].create_dataset("raw", (3,), "f8", external=raw)
        layout = h5py.VirtualLayout((3,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", shape=(3,))
        file["Events"].create_virtual_dataset("virtual", layout)

    info = source.describe(str(tmp_path / "a.h5"), "Events")

    assert [branch.name for branch in info.branches] == ["x"]
    left_out = dict.fromkeys(["raw", "virtual"], "values in other files")
    left_out |= {"link": "a link", "through": "a link to what is not in this file"}
    assert dict(info.unreadable) == left_out


def test_soft_links_to_arrays_of_the_same_file_are_followed(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Events/x"] = np.arange(2.0)
        file["raw/deep/y"] = np.arange(2.0) + 5
        file["Events/y"] = h5py.SoftLink("/short/y")
        file["short"] = h5py.SoftLink("raw/deep")

    assert read(source, tmp_path / "a.h5", ["x", "y"]) == [{"x": 0, "y": 5}, {"x": 1, "y": 6}]
    assert source.trees(str(tmp_path / "a.h5")) == ("Events", "raw/deep")


def test_a_group_of_links_alone_is_a_tree_for_who_names_it(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw/y"] = np.arange(2.0)
        file["view/z"] = h5py.SoftLink("../raw/y")
        file["data/y"] = h5py.SoftLink("/raw/y")

    assert read(source, tmp_path / "a.h5", ["y"], "data") == [{"y": 0}, {"y": 1}]
    assert read(source, tmp_path / "a.h5", ["y"], "Events") == [{"y": 0}, {"y": 1}]


def test_soft_links_that_give_no_new_array_are_left_out_by_name(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Events/x"] = np.arange(3.0)
        file["Events/again"] = h5py.SoftLink("x")
        file["Events/gone"] = h5py.SoftLink("/nowhere")
        file["Events/group"] = h5py.SoftLink("/Events")
        file["Events/round"] = h5py.SoftLink("/Events/round/x")

    info = source.describe(str(tmp_path / "a.h5"), "Events")

    assert [branch.name for branch in info.branches] == ["x"]
    assert dict(info.unreadable) == {
        "again": "a link to x",
        "gone": "a link to what is not in this file",
        "group": "a link to the group /Events",
        "round": "a link to what is not in this file",
    }


def test_types_that_numpy_does_not_have_are_left_out_by_name(tmp_path, source):
    short = h5py.h5t.STD_I32LE.copy()
    short.set_size(3)
    short.set_precision(24)
    table = h5py.h5t.create(h5py.h5t.COMPOUND, 8)
    table.insert(b"a", 0, h5py.h5t.STD_I32LE)
    table.insert(b"b", 4, short)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(3)
        for name, kind in {"short": short, "table": table, "time": h5py.h5t.UNIX_D32LE}.items():
            h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple((3,)))

    info = source.describe(str(tmp_path / "a.h5"), "")

    assert [branch.name for branch in info.branches] == ["x"]
    assert dict(info.unreadable).keys() == {"short", "table", "time"}
    assert all("that NumPy does not have" in why for _, why in info.unreadable)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("size", [0, 2**60, 2**64 - 16])
def test_a_heap_of_rows_with_damaged_sizes_is_refused_before_libhdf5_hangs(
    source, tmp_path, share, size
):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        rows = file.create_dataset("Events/J", (300,), h5py.vlen_dtype("f8"))
        for place in range(300):
            rows[place] = np.arange(4.0)
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    at = heap + 16 + int(share * 80) * 48 + 8  # objects have 16 bytes before 32 of values
    data[at : at + 8] = size.to_bytes(8, "little")
    path.write_bytes(data)

    with pytest.raises(InvalidRequestError, match=r"a\.h5.*damaged"):
        read(source, path, ["J"])


STORED = [
    {},
    {"chunks": (100,)},
    {"chunks": (100,), "compression": "gzip"},
    {"chunks": (100,), "compression": "gzip", "shuffle": True},
]


COUNTS = [number % 5 for number in range(250)]


TEXTS = ["x" * count for count in COUNTS]


def rows_and_texts(file, **stored):
    """Write rows and texts of variable length, as arrays and as fields of a table."""
    floats, text = h5py.vlen_dtype("f8"), h5py.string_dtype()
    rows = file.create_dataset("arrays/J", (250,), floats, **stored)
    table = np.zeros(250, [("a", "i4"), ("first", text), ("J", floats), ("b", "f8"), ("s", text)])
    for place, count in enumerate(COUNTS):
        rows[place] = np.arange(float(count))
        table[place] = place, TEXTS[place] * 2, np.arange(float(count)), 0.5, TEXTS[place]
    file.create_dataset("arrays/s", data=TEXTS, dtype=text, **stored)
    file.create_dataset("table", data=table, **stored)


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("tree", ["arrays", "table"])
def test_rows_and_texts_of_variable_length_are_read_however_they_are_stored(
    source, tmp_path, stored, tree
):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        rows_and_texts(file, **stored)

    entries = read(source, path, ["J", "s"], tree, start=30, stop=240)

    assert [len(entry["J"]) for entry in entries] == COUNTS[30:240]
    assert [entry["s"] for entry in entries] == TEXTS[30:240]


@pytest.mark.parametrize(("column", "mark"), [("J", 3), ("s", 4)])
def test_a_row_that_says_it_is_longer_than_the_file_is_refused_before_libhdf5_believes_it(
    source, tmp_path, column, mark
):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        rows_and_texts(file)
        begin = file[f"arrays/{column}"].id.get_offset()
    data = bytearray(path.read_bytes())
    at = begin + 16 * mark  # the entry has as many values as its number
    assert int.from_bytes(data[at : at + 4], "little") == mark
    data[at : at + 4] = (10**6).to_bytes(4, "little")
    path.write_bytes(data)

    with pytest.raises(InvalidRequestError, match=r"a\.h5.*damaged") as caught:
        read(source, path, [column], "arrays")
    assert "lie in a file of" in str(caught.value.__cause__)


def test_records_in_records_have_dotted_names_and_those_with_references_are_named(source, tmp_path):
    inner = [("c", "i2"), ("d", "f8", (2,)), ("s", "S3")]
    hits, odd = [("e", "f4"), ("i", "i4")], [("k", "i2"), ("v", h5py.vlen_dtype("f4"))]
    table = np.zeros(3, [("a", "f4"), ("b", inner), ("hits", hits, (2,)), ("odd", odd)])
    table["a"], table["b"]["c"], table["b"]["d"] = [1, 2, 3], [4, 5, 6], [[1, 2], [3, 4], [5, 6]]
    table["b"]["s"], table["hits"]["i"] = [b"x", b"y", b"z"], [[1, 2], [3, 4], [5, 6]]
    for place in range(3):
        table["odd"]["v"][place] = np.arange(2, dtype="f4")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["table"] = table

    info = source.describe(str(tmp_path / "a.h5"), "table")
    entries = read(
        source, tmp_path / "a.h5", ["b.c", "b.d", "b.s", "hits.i"], "table", start=1, stop=3
    )

    assert [branch.name for branch in info.branches] == [
        "a",
        "b.c",
        "b.d",
        "b.s",
        "hits.e",
        "hits.i",
    ]
    assert [name for name, _ in info.unreadable] == ["odd"]  # all of it would be followed
    assert entries == [
        {"b.c": 5, "b.d": [3, 4], "b.s": "y", "hits.i": [3, 4]},
        {"b.c": 6, "b.d": [5, 6], "b.s": "z", "hits.i": [5, 6]},
    ]


def test_rows_whose_references_cannot_be_looked_at_are_named(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Events/x"] = np.arange(3.0)
        file.create_dataset("Events/J", (3,), h5py.vlen_dtype("f8"), chunks=(3,), compression="lzf")

    info = source.describe(str(tmp_path / "a.h5"), "Events")
    assert dict(info.unreadable) == {"J": "rows behind filter 32000"}


def test_arrays_behind_filters_that_are_not_here_are_named(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Events/x"] = np.arange(3.0)
        packed = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        packed.set_chunk((3,))
        packed.set_filter(32001, h5py.h5z.FLAG_OPTIONAL)
        kind, shape = h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((3,))
        h5py.h5d.create(file["Events"].id, b"b", kind, shape, packed)

    ((name, why),) = source.describe(str(tmp_path / "a.h5"), "Events").unreadable
    assert (name, why[:24]) == ("b", "packed with filter 32001")
    assert read(source, tmp_path / "a.h5", ["x"])[2] == {"x": 2.0}


def test_rows_of_variable_length_in_another_byte_order_are_left_out_by_name(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, kind in ("little", "<f4"), ("big", ">f4"):
            rows = file.create_dataset(name, (2,), h5py.vlen_dtype(kind))
            rows[0], rows[1] = np.array([1.5, 2.5], kind), np.array([], kind)
    info = source.describe(str(tmp_path / "a.h5"), "")

    assert read(source, tmp_path / "a.h5", ["little"]) == [{"little": [1.5, 2.5]}, {"little": []}]
    assert "byte order" in dict(info.unreadable)["big"]


def test_a_file_that_was_copied_while_it_was_written_has_a_cure(source, tmp_path):
    with h5py.File(tmp_path / "open.h5", "w") as file:
        file["Events/x"] = np.arange(100_000.0)
        (tmp_path / "a.h5").write_bytes((tmp_path / "open.h5").read_bytes())

    with pytest.raises(InvalidRequestError, match=r"a\.h5.*damaged") as caught:
        source.describe(str(tmp_path / "a.h5"), "Events")
    assert "close it there if it is still being written" in caught.value.problem.hint
