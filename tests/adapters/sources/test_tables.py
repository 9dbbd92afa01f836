"""What is special about files of tables: types, gaps, links, trees, large groups."""

import base64
from decimal import Decimal
from itertools import zip_longest

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from pyarrow.parquet import encryption

from mlaas4hep.errors import InvalidRequestError
from tests.adapters.sources.readings import read


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
    assert read(source, tmp_path / "a.parquet", ["x", "d", "F", "r.a", "r.l"]) == [
        {"x": 1.5, "d": 1.0, "F": [1, 2, 3, 4], "r.a": 1, "r.l": [1, 2]}
    ]


def test_parquet_with_a_type_that_pyarrow_does_not_know_is_not_only_called_damaged(
    source, tmp_path
):
    """Polars writes whole numbers of 128 bits."""
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"i": [1, 2]}), path)
    stored = parquet.read_metadata(path).metadata[b"ARROW:schema"]
    larger = base64.b64decode(stored).replace(b"@\0\0\0", b"\x80\0\0\0")
    path.write_bytes(path.read_bytes().replace(stored, base64.b64encode(larger)))

    with pytest.raises(InvalidRequestError, match="its library does not read: Integers with more"):
        source.describe(str(path), "")


@pytest.mark.parametrize("suffix", ["arrow", "parquet"])
def test_extension_types_are_read_as_what_they_extend(source, tmp_path, suffix):
    jets = [[{"pt": 1.0 * k, "q": [k] * 2} for k in range(i)] for i in range(3)]
    entries = [
        {"x": 1.5, "n": None, "Jet": jets[0], "p": {"a": 1}, "s": "a"},
        {"x": 2.5, "n": 7, "Jet": jets[1], "p": {"a": 2}, "s": "b"},
        {"x": 3.5, "n": 8, "Jet": jets[2], "p": {"a": 3}, "s": "a"},
    ]
    path = tmp_path / f"a.{suffix}"
    to = ak.to_feather if suffix == "arrow" else ak.to_parquet
    to(ak.Array(entries), path, extensionarray=True)

    info = source.describe(str(path), "")
    names = [branch.name for branch in info.branches]

    assert names == ["x", "n", "Jet.pt", "Jet.q.sizes", "Jet.q", "p.a", "s"]
    found = read(source, path, ["x", "Jet.pt", "Jet.q", "p.a", "s"])
    assert found == [
        {
            "x": entry["x"],
            "Jet.pt": [jet["pt"] for jet in entry["Jet"]],
            "Jet.q": [q for jet in entry["Jet"] for q in jet["q"]],
            "p.a": entry["p"]["a"],
            "s": entry["s"],
        }
        for entry in entries
    ]
    assert np.isnan(read(source, path, ["n"])[0]["n"])


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "arrows"])
@pytest.mark.parametrize(
    "kinds", [{}, {"x": pa.float32(), "l": pa.list_(pa.int8()), "s": pa.string()}]
)
def test_a_table_without_entries_is_one(source, tmp_path, suffix, kinds):
    table = pa.table({name: pa.array([], kind) for name, kind in kinds.items()})
    path = tmp_path / f"a.{suffix}"
    if suffix == "parquet":
        parquet.write_table(table, path)
    else:
        new = pa.ipc.new_file if suffix == "arrow" else pa.ipc.new_stream
        with new(path, table.schema) as file:
            file.write_table(table)

    info = source.describe(str(path), "")

    assert ([branch.name for branch in info.branches], info.entries) == (list(kinds), 0)
    assert read(source, path, list(kinds)) == []


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


def test_whole_numbers_with_gaps_are_doubles_with_nan(source, tmp_path):
    parquet.write_table(pa.table({"n": [1, None, 3]}), tmp_path / "a.parquet")
    (branch,) = source.describe(str(tmp_path / "a.parquet"), "").branches
    found = [entry["n"] for entry in read(source, tmp_path / "a.parquet", ["n"])]

    assert branch.dtype == "float64"
    assert (found[0], found[2], np.isnan(found[1])) == (1.0, 3.0, True)


def test_digits_that_would_be_lost_to_a_gap_are_refused(source, tmp_path):
    parquet.write_table(pa.table({"n": [2**60 + 1, None]}), tmp_path / "a.parquet")

    with pytest.raises(InvalidRequestError, match=r"'n' has gaps and whole numbers above 2\^53"):
        read(source, tmp_path / "a.parquet", ["n"])


@pytest.mark.parametrize("kind", [pa.decimal128, pa.decimal256])
def test_whole_decimals_that_doubles_do_not_hold_are_refused(source, tmp_path, kind):
    for name, value in ("small", 2**53), ("large", 2**53 + 1):
        values = pa.array([Decimal(value), Decimal(-3)], kind(20, 0))
        parquet.write_table(pa.table({"n": values}), tmp_path / f"{name}.parquet")

    assert read(source, tmp_path / "small.parquet", ["n"]) == [{"n": 2.0**53}, {"n": -3.0}]
    with pytest.raises(InvalidRequestError, match=r"'n' has whole numbers above 2\^53"):
        read(source, tmp_path / "large.parquet", ["n"])


@pytest.mark.parametrize("kind", [pa.decimal128(38, 18), pa.decimal256(60, 2)])
def test_decimals_become_the_nearest_doubles(source, tmp_path, kind):
    numbers = [Decimal(7**i) / 100 - i for i in range(18)] + [
        Decimal("1234567.89"),
        Decimal("-0.25"),
    ]
    exact = [number.quantize(Decimal("0.01")) for number in numbers]
    parquet.write_table(pa.table({"n": pa.array(exact, kind)}), tmp_path / "a.parquet")

    found = [entry["n"] for entry in read(source, tmp_path / "a.parquet", ["n"])]

    assert found == [float(number) for number in exact]


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


def test_records_of_numpy_may_lie_in_records_and_share_no_name_with_an_array(source, tmp_path):
    records = np.zeros(3, [("a", "i4"), ("b", [("c", "f8"), ("d", "i2", (2,))], (2,))])
    records["b"]["c"], records["b"]["d"] = [[1, 2], [3, 4], [5, 6]], np.arange(12).reshape(3, 2, 2)
    np.savez(tmp_path / "a.npz", **{"t": records, "t.a": np.ones(3)})

    info = source.describe(str(tmp_path / "a.npz"), "")

    assert dict(info.unreadable) == {"t.a": "2 arrays have this name"}
    assert read(source, tmp_path / "a.npz", ["t.b.c", "t.b.d"], start=1, stop=3) == [
        {"t.b.c": [3, 4], "t.b.d": [4, 5, 6, 7]},
        {"t.b.c": [5, 6], "t.b.d": [8, 9, 10, 11]},
    ]


def test_fields_of_numpy_may_have_any_name(source, tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array(
            file, np.array([(1.5,)], [("\N{GREEK SMALL LETTER ETA}", "f8")]), (3, 0)
        )

    assert read(source, tmp_path / "a.npy", ["\N{GREEK SMALL LETTER ETA}"]) == [
        {"\N{GREEK SMALL LETTER ETA}": 1.5}
    ]


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

    assert read(source, tmp_path / "a.npz", ["F"]) == [{"F": v.ravel().tolist()} for v in values]


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

    assert read(source, path, ["x"]) == [{"x": 1}, {"x": 2}, {"x": 3}]
    with pytest.raises(InvalidRequestError, match="is damaged"):
        source.describe(str(tmp_path / "b.arrows"), "")
