import struct

import numpy as np
import pyarrow as pa
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.arrowipc.messages import footer, message
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from tests import oracle

_FIELD = struct.Struct("<8HiI")  # its list of fields, then the table: only children, at byte 20
_BLOCK = struct.Struct("<qi4xq")
_LEVELS, _CHILDREN = 9, 10


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _written(path, batches=3):
    with pa.ipc.new_file(str(path), pa.schema([("a", pa.float64())])) as file:
        for number in range(batches):
            file.write_table(pa.table({"a": np.full(100, float(number))}))
    return path


def _schema_that_repeats_itself():
    """Return a message with a schema of ten fields, each of which shows the same ten fields, and so on."""
    data = struct.pack("<I6H", 16, 12, 12, 0, 8, 4, 0) + struct.pack("<iIBxxx", 12, 16, 1)
    data += struct.pack("<4HiI", 8, 8, 0, 4, 8, 4)
    for level in range(_LEVELS):
        places = [56 - 4 * place for place in range(_CHILDREN)]
        data += struct.pack(f"<I{_CHILDREN}I", _CHILDREN, *places)
        data += _FIELD.pack(16, 8, 0, 0, 0, 0, 0, 4 if level < _LEVELS - 1 else 0, 16, 4)
    return data


def test_a_schema_that_shows_the_same_fields_again_and_again_is_refused():
    with pytest.raises(ValueError, match="more fields than bytes for them"):
        message(_schema_that_repeats_itself())


@pytest.mark.parametrize("moved", [0, 64, -(10**6), 10**15])
def test_a_footer_that_lists_one_batch_again_and_again_is_damaged(source, tmp_path, moved):
    path = _written(tmp_path / "a.arrow")
    content = path.read_bytes()
    size = int.from_bytes(content[-10:-6], "little")
    first, second, _ = footer(content[-10 - size : -10], len(content)).batches
    wrong = second._replace(start=first.start + moved)
    path.write_bytes(content.replace(_BLOCK.pack(*second), _BLOCK.pack(*wrong)))

    with pytest.raises(InvalidRequestError, match="lie over each other, or outside of it"):
        source.describe(str(path), "")


def test_every_byte_of_a_head_or_footer_may_be_wrong(source, tmp_path):
    good = _written(tmp_path / "good.arrow", batches=2).read_bytes()
    ends = set()

    for at in range(len(good)):
        for changed in (0, 0x7F, 0xFF):
            path = tmp_path / f"{at}-{changed}.arrow"
            path.write_bytes(good[:at] + bytes([changed]) + good[at + 1 :])
            try:
                ends.add(oracle.entries_read(source, path, ""))
            except (InvalidRequestError, TooLargeError):
                ends.add("damaged")
            path.unlink()

    assert {200, "damaged"} <= ends
