"""Files of LiteRT that were made to harm who reads them, which for a bounded model would be predict."""

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from ai_edge_litert.interpreter import Interpreter

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.adapters.runtimes.litert.bounded import bounds
from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError

_GRAPHS = 2  #: number of the field of a file that holds its graphs


@pytest.fixture
def content(serving_models):
    return (serving_models / "net" / "model.tflite").read_bytes()


def _load(content):
    store = MemoryStore(lambda: 0.0)
    store.put(keys.model_file("o", "m", "v", "model.tflite"), content)
    record = ModelRecord(owner="o", name="m", version="v", files=("model.tflite",))
    return Runtimes().load(store, record)


def test_a_file_without_a_graph_breaks_another_process_and_is_refused(content):
    root = struct.unpack_from("<I", content)[0]
    fields = root - struct.unpack_from("<i", content, root)[0]
    graphs = fields + 4 + 2 * _GRAPHS

    with pytest.raises(InvalidRequestError, match="it breaks the library that reads it"):
        _load(content[:graphs] + b"\0\0" + content[graphs + 2 :])


def test_what_is_said_to_be_large_before_any_row_comes_is_not_bounded(content):
    large = next(filter(None, map(_shape_of_an_output, _with_one_shape_larger(content))))

    assert bounds(Interpreter(model_content=content), len(content)) is not None
    assert bounds(Interpreter(model_content=large), len(large)) is None


def _with_one_shape_larger(content):
    """Yield the file with one list of numbers that begins with one row for a million of them."""
    good, large = struct.pack("<2i", 2, 1), struct.pack("<2i", 2, 2**20)
    at = content.find(good)
    while at >= 0:
        yield content[:at] + large + content[at + len(good) :]
        at = content.find(good, at + 1)


def _shape_of_an_output(content):
    """Return the file if the list is the shape of what an operator gives."""
    with suppress(ValueError):
        interpreter = Interpreter(model_content=content)
        made = {int(each["outputs"][0]) for each in interpreter._get_ops_details()[:-1]}
        shapes = {each["index"]: each["shape"] for each in interpreter.get_tensor_details()}
        return content if any(2**20 in shapes[index] for index in made) else None


@pytest.mark.parametrize("byte", [0, 0xFF])
def test_a_word_of_which_nothing_is_left_is_refused_or_read(content, byte):
    ends = set()
    for at in range(0, 256, 16):
        try:
            _load(content[:at] + bytes([byte]) * 4 + content[at + 4 :])
        except InvalidRequestError as error:
            ends.add(error.problem.stage)
        else:
            ends.add("read")

    assert ends


def _prepared():
    """Return the processes that this one has prepared for trying files out."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"rehearsal" in arguments:
                found.add(int(pid))
    return found


def test_what_tries_files_out_is_prepared_before_the_first_one_comes(content):
    Runtimes().prepare()
    prepared = _prepared()
    assert len(prepared) == 1

    _load(content)
    assert _prepared() == prepared


def test_nothing_is_prepared_where_each_process_is_a_fresh_one():
    prepared = _prepared()
    Runtimes(prepared_seconds=0).prepare()

    assert _prepared() == prepared
