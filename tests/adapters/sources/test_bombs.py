"""Small files that are made to take all memory or all time of who reads them."""

import io
import re
import struct
import subprocess
import sys
import zipfile
import zlib

import fastavro
import h5py
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.columnar.inflation import MAX_ENTRIES
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from tests import oracle

_MANY = 2**40
_ROOM = 100 * 1024**2  #: bytes that a reader may take
_ZEROS_BYTES = 300_000_000
_SOME_BYTES = 200_000_000  #: that a few may inflate to, where there is room for them
_READS = f"""
import re, resource, sys
from pathlib import Path

import pyarrow.parquet, fastavro
from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import MlaasError

told = re.search(r"VmData:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
resource.setrlimit(resource.RLIMIT_DATA, [int(told[1]) * 1024 + {_ROOM}] * 2)
source, path = DataFiles(MemoryStore(lambda: 0.0)), sys.argv[1]
try:
    info = source.describe(path, "")
    names = [branch.name for branch in info.branches]
    survey = source.survey(path, "", names)
    print(sum(block.entries for block in source.read(survey, names, 0, info.entries)))
except MlaasError as error:
    print(type(error).__name__, error)
"""
_WRITES_ZEROS = f"""
import numpy, pyarrow
from pyarrow import parquet

options = pyarrow.ipc.IpcWriteOptions(compression="zstd")
def write(name, columns, new=pyarrow.ipc.new_file):
    table = pyarrow.table(columns)
    with new(name, table.schema, options=options) as file:
        file.write_table(table)

zeros = numpy.zeros({_ZEROS_BYTES} // 8)
write("a.arrow", {{"a": zeros}})
write("some.arrow", {{"a": zeros[: {_SOME_BYTES} // 8]}})
write("stream.arrow", {{"a": zeros}}, pyarrow.ipc.new_stream)
write("columns.arrow", {{str(place): zeros[: len(zeros) // 20] for place in range(20)}})
ends = pyarrow.array([0, {_ZEROS_BYTES}], pyarrow.int32()).buffers()[1]
text = pyarrow.StringArray.from_buffers(1, ends, pyarrow.py_buffer(bytes({_ZEROS_BYTES})))
first = pyarrow.array(numpy.zeros(10, numpy.int32))
write("words.arrow", {{"a": pyarrow.DictionaryArray.from_arrays(first, text)}})
ends = pyarrow.array([0, {_SOME_BYTES}], pyarrow.int32()).buffers()[1]
text = pyarrow.StringArray.from_buffers(1, ends, pyarrow.py_buffer(bytes({_SOME_BYTES})))
how = dict(compression="zstd", write_statistics=False, use_dictionary=False)
parquet.write_table(pyarrow.table({{"a": text}}), "a.parquet", **how)
"""


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _read_with_little_memory(path):
    """Read a file in a process of its own, which keeps no memory of earlier tests; return what it says."""
    command = [sys.executable, "-c", _READS, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def of_zeros(tmp_path_factory):
    """Give files whose parts inflate; another process writes them, and keeps the memory for it."""
    folder = tmp_path_factory.mktemp("zeros")
    subprocess.run([sys.executable, "-c", _WRITES_ZEROS], cwd=folder, check=True)
    return folder


def _read(source, path):
    return oracle.entries_read(source, path, "")


def _whole(number):
    number, found = number << 1, b""
    while number > 127:
        found, number = found + bytes([number & 127 | 128]), number >> 7
    return found + bytes([number])


def _avro(path, kind, count, body, codec="null"):
    """Write an Avro file of one block, which says that it has `count` entries."""
    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": kind}]}
    head = io.BytesIO()
    fastavro.writer(head, fastavro.parse_schema(schema), [], codec=codec)
    sync = head.getvalue()[-16:]
    path.write_bytes(head.getvalue() + _whole(count) + _whole(len(body)) + body + sync)
    return path


def test_a_file_that_says_it_has_more_entries_than_any_file_is_refused(source, tmp_path):
    """A server may say that a file has any number of bytes, and sends few of them."""
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        about = {"descr": "|i1", "fortran_order": False, "shape": (2 * MAX_ENTRIES,)}
        np.lib.format.write_array_header_1_0(file, about)
        file.truncate(file.tell() + 2 * MAX_ENTRIES)

    with pytest.raises(TooLargeError, match=f"says that it has {2 * MAX_ENTRIES} entries"):
        source.describe(str(path), "")


@pytest.mark.parametrize("kind", ["null", "double"])
def test_avro_that_says_it_has_a_million_million_entries_is_refused(source, tmp_path, kind):
    path = _avro(tmp_path / "a.avro", kind, _MANY, bytes(80))

    with pytest.raises(TooLargeError, match=f"says that it has {_MANY} entries"):
        source.describe(str(path), "")


@pytest.mark.parametrize(
    "items",
    [
        "null",
        {"type": "fixed", "name": "f", "size": 0},
        {"type": "record", "name": "e", "fields": [{"name": "n", "type": "null"}]},
    ],
)
def test_avro_with_arrays_of_nothing_is_refused(source, tmp_path, items):
    path = _avro(tmp_path / "a.avro", {"type": "array", "items": items}, 1, _whole(_MANY) + b"\0")

    with pytest.raises(InvalidRequestError, match=r"a\.avro' has arrays of what takes no bytes"):
        source.describe(str(path), "")


def test_avro_with_an_array_longer_than_the_file_is_damaged(source, tmp_path):
    path = _avro(
        tmp_path / "a.avro", {"type": "array", "items": "double"}, 1, _whole(_MANY) + b"\0"
    )

    with pytest.raises(InvalidRequestError, match=r"a\.avro' is damaged"):
        _read(source, path)


def test_avro_with_a_block_larger_than_the_file_is_damaged(source, tmp_path):
    path = _avro(tmp_path / "a.avro", "double", 10, bytes(80))
    content = path.read_bytes()
    path.write_bytes(content[:-20])

    with pytest.raises(InvalidRequestError, match="a block is larger than the file"):
        source.describe(str(path), "")


def test_an_avro_block_that_inflates_to_more_than_there_is_ends_the_reading_alone(
    tmp_path,
):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    million = packer.compress(bytes(10**6)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = million * (_ZEROS_BYTES // 10**6) + packer.flush()
    path = _avro(tmp_path / "a.avro", "double", 1000, packed, "deflate")

    said = _read_with_little_memory(path)

    assert re.match("ServiceUnavailableError .*takes more memory than there is here", said), said


@pytest.mark.parametrize("name", ["some.arrow", "a.parquet"])
def test_a_part_that_inflates_to_more_than_there_is_ends_the_reading_alone(of_zeros, name):
    said = _read_with_little_memory(of_zeros / name)

    assert re.match(f"ServiceUnavailableError .*{name}'.* more memory than there is here", said), (
        said
    )


@pytest.mark.parametrize("name", ["a.arrow", "columns.arrow", "stream.arrow", "words.arrow"])
def test_arrow_that_inflates_to_thousands_of_times_the_file_is_refused_before(of_zeros, name):
    said = _read_with_little_memory(of_zeros / name)

    assert re.match(rf"TooLargeError .*{name}'.* inflates to", said), said


@pytest.mark.parametrize("claimed", [2**40, 2**62, -5])
def test_an_arrow_buffer_that_says_it_inflates_to_a_terabyte_is_refused(tmp_path, claimed):
    table = pa.table({"a": np.zeros(1000)})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema, options=options) as file:
        file.write_table(table)
    content = bytearray((tmp_path / "a.arrow").read_bytes())
    zstd = content.index(b"\x28\xb5\x2f\xfd")
    content[zstd - 8 : zstd] = struct.pack("<q", claimed)
    (tmp_path / "a.arrow").write_bytes(content)

    said = _read_with_little_memory(tmp_path / "a.arrow")

    assert re.match(r"(TooLarge|InvalidRequest)Error .*a\.arrow'", said), said


def test_parquet_of_a_hundred_million_equal_entries_in_a_few_bytes_is_refused(source, tmp_path):
    table = pa.table({"a": np.zeros(100_000_000, np.int8)})
    parquet.write_table(table, tmp_path / "a.parquet", compression="zstd")

    with pytest.raises(TooLargeError, match="says that it has 100000000 entries"):
        source.describe(str(tmp_path / "a.parquet"), "")


def test_parquet_whose_one_list_repeats_a_value_without_end_is_refused(source, tmp_path):
    values = pa.array(np.zeros(100_000_000, np.int8))
    lists = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    parquet.write_table(pa.table({"a": lists}), tmp_path / "a.parquet", compression="zstd")

    with pytest.raises(TooLargeError, match="says that it has 100000000 values of one branch"):
        source.describe(str(tmp_path / "a.parquet"), "")


def test_arrow_lists_that_all_show_the_same_values_are_damaged(source, tmp_path):
    starts, sizes = pa.array([0] * 10_000, pa.int32()), pa.array([10_000] * 10_000, pa.int32())
    views = pa.ListViewArray.from_arrays(starts, sizes, pa.array(np.zeros(10_000)))
    table = pa.table({"a": views})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema, options=options) as file:
        file.write_table(table)

    with pytest.raises(InvalidRequestError, match="views of 10000 values and show 100000000"):
        _read(source, tmp_path / "a.arrow")


def test_hdf5_that_says_it_has_a_million_million_entries_is_refused(source, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", shape=(_MANY,), dtype="f8", chunks=(1024,))

    with pytest.raises(TooLargeError, match=f"says that it has {_MANY} entries"):
        source.describe(str(tmp_path / "a.h5"), "")


def test_an_npz_of_zeros_is_refused(source, tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(10_000_000))

    with pytest.raises(TooLargeError, match="inflates to"):
        source.describe(str(tmp_path / "a.npz"), "")


@pytest.mark.parametrize("shape", ["(-5,)", "(True,)", "(-5, -5)"])
def test_an_array_of_a_shape_that_is_none_is_damaged(source, tmp_path, shape):
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head) + 1) + head + b"\n" + bytes(800)
    (tmp_path / "a.npy").write_bytes(data)

    with pytest.raises(InvalidRequestError, match="its shape is"):
        source.describe(str(tmp_path / "a.npy"), "")


def test_an_npz_of_very_many_arrays_or_of_two_with_one_name_is_refused(source, tmp_path):
    (tmp_path / "one.npy").write_bytes(b"")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with zipfile.ZipFile(tmp_path / "many.npz", "w") as archive:
        for number in range(4097):
            archive.writestr(f"a{number}.npy", b"")
    with zipfile.ZipFile(tmp_path / "twice.npz", "w") as archive:
        archive.write(tmp_path / "one.npy", "a.npy")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.write(tmp_path / "one.npy", "a.npy")

    with pytest.raises(TooLargeError, match="has 4097 arrays, more than 4096"):
        source.describe(str(tmp_path / "many.npz"), "")
    with pytest.raises(InvalidRequestError, match="two of its arrays have one name"):
        source.describe(str(tmp_path / "twice.npz"), "")


@pytest.mark.parametrize("opened", ['{"a":', "["])
def test_json_nested_a_hundred_thousand_deep_is_refused(source, tmp_path, opened):
    closed = {"[": "]"}.get(opened, "}")
    (tmp_path / "a.json").write_text('{"b":' + opened * 100_000 + "1" + closed * 100_000 + "}\n")

    with pytest.raises(InvalidRequestError, match=r"a\.json'"):
        source.describe(str(tmp_path / "a.json"), "")
