"""What is special about files of tables: types, gaps, links, trees, large groups."""

import base64
from decimal import Decimal
from itertools import zip_longest

import h5py
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from pyarrow.parquet import encryption

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import InvalidRequestError
from tests import oracle


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _read(source, path, names, tree="Events", *, start=0, stop=None):
    entries = source.describe(str(path), tree).entries if stop is None else stop
    blocks = source.read(source.survey(str(path), tree, names), names, start, entries)
    return [entry for block in blocks for entry in oracle.entries_of(block)]


def test_types_of_parquet_that_are_no_numbers_are_left_out_by_name(source, tmp_path):
    table = pa.table(
        {
            "x": [1.5],
            "s": ["a"],
            "t": pa.array([1], pa.timestamp("s")),
            "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int32())),
            "vvv": [[[[1.0]]]],
            "d": pa.array([1]).cast(pa.decimal128(30, 2)),
            "c": pa.array([7], pa.int16()).dictionary_encode(),
            "F": pa.array([[[1, 2], [3, 4]]], pa.list_(pa.list_(pa.int32(), 2), 2)),
            "r": [{"a": 1, "s": "x", "l": [1, 2]}],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    info = source.describe(str(tmp_path / "a.parquet"), "")

    assert [name for name, _ in info.unreadable] == ["t", "m", "vvv"]
    assert _read(source, tmp_path / "a.parquet", ["x", "d", "F", "r.a", "r.l"]) == [
        {"x": 1.5, "d": 1.0, "F": [1, 2, 3, 4], "r.a": 1, "r.l": [1, 2]}
    ]


def test_row_numbers_of_pandas_and_columns_of_one_name_are_left_out(source, tmp_path):
    columns = [pa.array([1, 2])] * 4
    table = pa.table(columns, names=["x", "__index_level_0__", "y", "y"])
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as file:
        file.write_table(table)
    parquet.write_table(table.select([0, 1]), tmp_path / "a.parquet")

    for name in ("a.arrow", "a.parquet"):
        info = source.describe(str(tmp_path / name), "")
        assert [branch.name for branch in info.branches] == ["x"]
        assert ("__index_level_0__", "row numbers of pandas") in info.unreadable


def test_rows_of_variable_length_in_another_byte_order_are_left_out_by_name(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, kind in ("little", "<f4"), ("big", ">f4"):
            rows = file.create_dataset(name, (2,), h5py.vlen_dtype(kind))
            rows[0], rows[1] = np.array([1.5, 2.5], kind), np.array([], kind)
    info = source.describe(str(tmp_path / "a.h5"), "")

    assert _read(source, tmp_path / "a.h5", ["little"]) == [{"little": [1.5, 2.5]}, {"little": []}]
    assert "byte order" in dict(info.unreadable)["big"]


def test_whole_numbers_with_gaps_are_doubles_with_nan(source, tmp_path):
    parquet.write_table(pa.table({"n": [1, None, 3]}), tmp_path / "a.parquet")
    (branch,) = source.describe(str(tmp_path / "a.parquet"), "").branches
    found = [entry["n"] for entry in _read(source, tmp_path / "a.parquet", ["n"])]

    assert branch.dtype == "float64"
    assert (found[0], found[2], np.isnan(found[1])) == (1.0, 3.0, True)


def test_digits_that_would_be_lost_to_a_gap_are_refused(source, tmp_path):
    parquet.write_table(pa.table({"n": [2**60 + 1, None]}), tmp_path / "a.parquet")

    with pytest.raises(InvalidRequestError, match=r"'n' has gaps and whole numbers above 2\^53"):
        _read(source, tmp_path / "a.parquet", ["n"])


@pytest.mark.parametrize("kind", [pa.decimal128, pa.decimal256])
def test_whole_decimals_that_doubles_do_not_hold_are_refused(source, tmp_path, kind):
    for name, value in ("small", 2**53), ("large", 2**53 + 1):
        values = pa.array([Decimal(value), Decimal(-3)], kind(20, 0))
        parquet.write_table(pa.table({"n": values}), tmp_path / f"{name}.parquet")

    assert _read(source, tmp_path / "small.parquet", ["n"]) == [{"n": 2.0**53}, {"n": -3.0}]
    with pytest.raises(InvalidRequestError, match=r"'n' has whole numbers above 2\^53"):
        _read(source, tmp_path / "large.parquet", ["n"])


def test_an_encrypted_parquet_file_is_called_so(source, tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PARE" + bytes(100) + b"PARE")

    with pytest.raises(InvalidRequestError, match="is encrypted"):
        source.describe(str(tmp_path / "a.parquet"), "")


def test_encrypted_columns_behind_a_plain_footer_are_called_so(source, tmp_path):
    keys = encryption.KmsConnectionConfig(custom_kms_conf={})
    chosen = encryption.EncryptionConfiguration(
        footer_key="f", column_keys={"c": ["secret"]}, plaintext_footer=True
    )
    table = pa.table({"x": [1.0, 2.0], "secret": [3.0, 4.0], "rows": [[1], []]})
    written = encryption.CryptoFactory(lambda _: _OpenKeys()).file_encryption_properties
    with parquet.ParquetWriter(
        tmp_path / "a.parquet", table.schema, encryption_properties=written(keys, chosen)
    ) as writer:
        writer.write_table(table)

    with pytest.raises(InvalidRequestError, match=r"a\.parquet' has encrypted columns") as refused:
        source.describe(str(tmp_path / "a.parquet"), "")
    assert "without those columns" in refused.value.problem.hint


class _OpenKeys(encryption.KmsClient):
    """Hides no key."""

    def wrap_key(self, key, _master):
        return base64.b64encode(key)

    def unwrap_key(self, key, _master):
        return base64.b64decode(key)


def test_an_npz_with_a_password_is_called_encrypted(source, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(2))
    zipped = bytearray((tmp_path / "a.npz").read_bytes())
    in_front, in_the_list = zipped.index(b"PK\x03\x04"), zipped.index(b"PK\x01\x02")
    zipped[in_front + 6] |= 1  # the flag of a file with a password
    zipped[in_the_list + 8] |= 1
    (tmp_path / "a.npz").write_bytes(zipped)

    with pytest.raises(InvalidRequestError, match=r"a\.npz' is encrypted"):
        source.describe(str(tmp_path / "a.npz"), "")


def test_a_large_row_group_is_read_in_small_blocks(source, tmp_path):
    values = np.arange(500_000.0)
    table = pa.table(dict.fromkeys("abcdefgh", values))
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=500_000)
    names = list("abcdefgh")

    survey = source.survey(str(tmp_path / "a.parquet"), "", names)
    blocks = list(source.read(survey, names, 0, 500_000))

    assert max(block.size_bytes for block in blocks) < 8 * 1024**2
    assert np.array_equal(np.concatenate([block.flat["h"] for block in blocks]), values)


def test_arrays_of_two_lengths_are_refused_with_both(source, tmp_path):
    np.savez(tmp_path / "a.npz", x_train=np.arange(6), x_test=np.arange(2))

    with pytest.raises(InvalidRequestError, match="'x_train' has 6 entries and 'x_test' has 2"):
        source.describe(str(tmp_path / "a.npz"), "")


def test_pickled_objects_are_never_opened(source, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(2), o=np.array([{}, []], dtype=object))

    assert source.describe(str(tmp_path / "a.npz"), "").unreadable == (("o", "objects"),)


def test_arrays_in_fortrans_order_are_read(source, tmp_path):
    values = np.asfortranarray(np.arange(24.0).reshape(4, 3, 2))
    np.savez(tmp_path / "a.npz", F=values)

    assert _read(source, tmp_path / "a.npz", ["F"]) == [{"F": v.ravel().tolist()} for v in values]


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

    assert _read(source, tmp_path / "a.h5", ["n", "x"]) == [{"n": 1, "x": 2.5}]


def test_nothing_outside_an_hdf5_file_is_opened(source, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.arange(3.0)
    (tmp_path / "secret").write_bytes(np.arange(3.0).tobytes())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Events/x"] = np.arange(3.0)
        file["Events/link"] = h5py.ExternalLink("other.h5", "/x")
        file["Events/soft"] = h5py.SoftLink("/Events/x")
        raw = [(str(tmp_path / "secret"), 0, 24)]
        file["Events"].create_dataset("raw", (3,), "f8", external=raw)
        layout = h5py.VirtualLayout((3,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", shape=(3,))
        file["Events"].create_virtual_dataset("virtual", layout)

    info = source.describe(str(tmp_path / "a.h5"), "Events")

    assert [branch.name for branch in info.branches] == ["x"]
    left_out = dict.fromkeys(["raw", "virtual"], "values in other files")
    assert dict(info.unreadable) == left_out | dict.fromkeys(["link", "soft"], "a link")


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
        _read(source, path, ["J"])


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

    entries = _read(source, path, ["J", "s"], tree, start=30, stop=240)

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
        _read(source, path, [column], "arrays")
    assert "lie in a file of" in str(caught.value.__cause__)


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
    assert _read(source, tmp_path / "a.h5", ["x"])[2] == {"x": 2.0}


def _stream(path, **columns):
    table = pa.table(columns)
    with pa.ipc.new_stream(path, table.schema) as file:
        file.write_table(table, max_chunksize=2)


def test_two_columns_of_an_arrow_stream_are_read_in_turn(source, tmp_path):
    path = str(tmp_path / "a.arrows")
    texts = pa.array(["a", "b", "a", "c", "b"]).dictionary_encode()
    _stream(path, x=[1, 2, 3, 4, 5], t=texts)

    readings = [
        source.read(source.survey(path, "", [name]), [name], start, 5)
        for name, start in (("x", 0), ("t", 1), ("x", 3))
    ]
    found = [[], [], []]
    for blocks in zip_longest(*readings):
        for values, block in zip(found, filter(None, blocks), strict=False):
            values.extend(next(iter(block.flat.values())).tolist())

    assert found == [[1, 2, 3, 4, 5], ["b", "a", "c", "b"], [4, 5]]


def test_an_arrow_stream_is_read_without_its_end_but_not_without_a_part(source, tmp_path):
    path = tmp_path / "a.arrows"
    _stream(path, x=[1, 2, 3])
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    (tmp_path / "b.arrows").write_bytes(whole[:-16])

    assert _read(source, path, ["x"]) == [{"x": 1}, {"x": 2}, {"x": 3}]
    with pytest.raises(InvalidRequestError, match="is damaged"):
        source.describe(str(tmp_path / "b.arrows"), "")
