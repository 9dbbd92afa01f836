"""What pages of Parquet say is compared with the footer before pyarrow believes it."""

import io
from collections import Counter
from contextlib import ExitStack

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.columnar.encryption import has_encrypted_columns
from mlaas4hep.adapters.sources.columnar.file import PlaceFile
from mlaas4hep.adapters.sources.columnar.footerchild import figures
from mlaas4hep.adapters.sources.columnar.pageheader import page_header
from mlaas4hep.adapters.sources.columnar.pages import PagedFile, Pages, Stretches
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.places.disk import on_disk
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from tests import oracle

ENTRIES = 5_000


def _table():
    draw = np.random.default_rng(7)
    counts = draw.integers(0, 4, ENTRIES)
    ends = pa.array(np.concatenate(([0], np.cumsum(counts))), pa.int32())
    numbers = draw.normal(size=int(counts.sum()))
    return pa.table(
        {
            "met": draw.normal(size=ENTRIES),
            "few": draw.integers(0, 5, ENTRIES).astype("i4"),
            "gaps": pa.array([None if n % 7 == 0 else n for n in range(ENTRIES)], pa.int64()),
            "good": pa.array(draw.random(ENTRIES) < 0.5),
            "name": pa.array(["µe" * (n % 30) for n in range(ENTRIES)]),
            "sort": pa.array(["a", "b", None, "c"] * (ENTRIES // 4)).dictionary_encode(),
            "pt": pa.ListArray.from_arrays(ends, pa.array(numbers)),
        }
    )


WAYS = [
    {},
    {"data_page_version": "2.0"},
    {"data_page_size": 200, "write_batch_size": 50},
    {"data_page_size": 200, "data_page_version": "2.0", "compression": "gzip"},
    {"use_dictionary": False, "compression": "zstd", "row_group_size": 700},
    {"compression": "none", "write_page_checksum": True, "write_page_index": True},
    {"use_dictionary": False, "column_encoding": {"met": "BYTE_STREAM_SPLIT"}},
    {"write_statistics": False, "compression": "lz4", "store_decimal_as_integer": True},
    {"compression": "brotli", "row_group_size": 1},
]


def _written(**way):
    file = io.BytesIO()
    table = _table().slice(0, 60) if way.get("row_group_size") == 1 else _table()
    parquet.write_table(table, file, **way)
    return file.getvalue()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_headers_of_pages_say_what_the_footer_says(way):
    data = _written(**way)
    footer = data[-8 - int.from_bytes(data[-8:-4], "little") :]

    for column in figures(footer):
        packed = zip(column["starts"], column["compressed"], column["counts"], strict=True)
        plain = 0
        for start, size, values in packed:
            at, seen = start, 0
            while at < start + size:
                header = page_header(memoryview(data)[at:])
                seen += header.values
                plain += header.length + header.plain_bytes
                at += header.length + header.packed_bytes
            assert (at, seen) == (start + size, values)
        assert plain == column["size_bytes"]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_honest_files_are_read_as_pyarrow_reads_them(tmp_path, way):
    (tmp_path / "a.parquet").write_bytes(_written(**way))
    whole = parquet.read_table(tmp_path / "a.parquet")
    source = DataFiles(MemoryStore(lambda: 0.0))
    survey = source.survey(str(tmp_path / "a.parquet"), "", ["met", "few", "pt"])

    parts = list(source.read(survey, ["met", "few", "pt"], 0, whole.num_rows))

    for name in ("met", "few"):
        found = np.concatenate([part.flat[name] for part in parts])
        np.testing.assert_array_equal(found, whole[name].to_numpy())
    content = np.concatenate([part.jagged["pt"].content for part in parts])
    np.testing.assert_array_equal(content, whole["pt"].combine_chunks().flatten().to_numpy())


def _varint(number, length=0):
    found = b""
    while number > 127:
        found, number = found + bytes([number & 127 | 128]), number >> 7
    found += bytes([number])
    if len(found) < length:  # more bytes than are needed say the same
        found = found[:-1] + bytes([found[-1] | 128]) + b"\x80" * (length - len(found) - 1) + b"\0"
    return found


def _with_other_footer(content, old, new):
    """Return a file whose footer has one number instead of another."""
    length = int.from_bytes(content[-8:-4], "little")
    data, footer = content[: -8 - length], content[-8 - length : -8]
    was = _varint(2 * old)
    assert was in footer
    return data + footer.replace(was, _varint(2 * new, len(was))) + content[-8:]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_page_that_says_it_has_millions_of_values_more_is_damaged(tmp_path, version):
    values = pa.array(np.zeros(2_000_000, np.int8))
    lists = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    file = io.BytesIO()
    more = {"compression": "zstd", "write_statistics": False, "data_page_version": version}
    parquet.write_table(pa.table({"a": lists}), file, **more)
    (tmp_path / "a.parquet").write_bytes(_with_other_footer(file.getvalue(), 2_000_000, 3))

    with pytest.raises(InvalidRequestError, match="more values than the footer"):
        oracle.entries_read(DataFiles(MemoryStore(lambda: 0.0)), tmp_path / "a.parquet", "")


def test_row_groups_that_have_other_entries_than_the_file_are_damage(tmp_path):
    file = io.BytesIO()
    parquet.write_table(pa.table({"a": np.arange(9_000.0)}), file, row_group_size=3_000)
    (tmp_path / "a.parquet").write_bytes(_with_other_footer(file.getvalue(), 9_000, 8_000))

    with pytest.raises(InvalidRequestError, match="row groups have other entries than it says"):
        DataFiles(MemoryStore(lambda: 0.0)).describe(str(tmp_path / "a.parquet"), "")


def test_pages_that_inflate_to_far_more_than_a_few_bytes_are_refused(tmp_path):
    plain, packed = _varint(2 * 200_000_000), _varint(2 * 10)
    page = b"\x15\x00\x15" + plain + b"\x15" + packed + b"\x2c\x15\x02\x00\x00" + bytes(10)
    (tmp_path / "a.parquet").write_bytes(page * 2)
    place = on_disk(str(tmp_path / "a.parquet"))

    with ExitStack() as stack:
        stretches = Stretches([Pages(start=0, size_bytes=2 * len(page), values=2)])
        file = PagedFile(place, PlaceFile(place, place.open(stack)), stretches)
        assert file.read(len(page)) == page
        with pytest.raises(TooLargeError, match="inflates to 400000000 or more"):
            file.read(len(page))


def test_columns_that_lie_over_each_other_are_damage():
    with pytest.raises(ValueError, match="over each other"):
        Stretches([Pages(start=4, size_bytes=9, values=1), Pages(start=12, size_bytes=1, values=1)])


def test_bytes_that_are_no_header_are_told_to_be_none():
    draw = np.random.default_rng(11)
    whole = _written()[4:200]
    said = Counter()

    for number in range(4_000):
        data = bytearray(whole[: number % 60]) if number % 2 else bytearray(draw.bytes(60))
        for _ in range(number % 3):
            if data:
                data[draw.integers(len(data))] = draw.integers(256)
        try:
            header = page_header(memoryview(bytes(data)))
        except (ValueError, EOFError) as error:
            said[type(error).__name__] += 1
        else:
            said["header"] += 1
            assert min(header.length, header.packed_bytes + 1, header.values + 1) > 0

    assert min(said.values()) > 50, said


def test_a_number_that_is_said_twice_is_no_header():
    once = b"\x15\x00\x15\x02\x15\x02\x2c\x15\x02\x00\x00"
    twice = b"\x15\x00\x15\x02\x15\x02\x2c\x15\x02\x05\x02\x40\x00\x00"

    assert page_header(memoryview(once)).values == 1
    with pytest.raises(ValueError, match="twice"):
        page_header(memoryview(twice))


@pytest.mark.parametrize(
    "footer",
    [
        b"\x15" + b"\xff" * 100_000,  # a number without an end
        b"\x19" * 100_000,  # lists within lists
        b"\x1c" * 100_000,  # records within records
        b"\x19\xf5\xff\xff\xff\xff\x0f" + bytes([1] * 1000),  # four billion numbers, it says
        b"\x1b",  # a map
    ],
    ids=["number", "lists", "records", "many", "map"],
)
def test_footers_that_make_no_sense_have_no_encrypted_columns(footer):
    assert not has_encrypted_columns(footer)
    assert has_encrypted_columns(b"\x15\x02\x71")  # fields 1 and 8
