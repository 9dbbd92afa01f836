"""Text in every format: columns of kind U, from which categories are made."""

import json
from pathlib import Path

import awkward as ak
import fastavro
import h5py
import numpy as np
import pyarrow as pa
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.bytetexts import decoded, without_lengths
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.core.data.values.texts import LONGEST, text_array

WORDS = ["Mu50", "", "électron", "x" * 300, "Mu50"]
DATA = Path(__file__).parent / "root" / "data"


def _rntuple(path):
    with uproot.recreate(path) as file:
        file.mkrntuple("t", {"x": np.arange(5.0), "word": ak.Array(WORDS)})


def _parquet(path):
    words = pa.array([word or None for word in WORDS])
    parquet.write_table(pa.table({"x": np.arange(5.0), "word": words}), path)


def _dictionary(path):
    table = pa.table({"x": np.arange(5.0), "word": pa.array(WORDS).dictionary_encode()})
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


def _csv(path):
    path.write_text("x,word\n" + "".join(f"{i},{word}\n" for i, word in enumerate(WORDS)))


def _json(path):
    entries = [{"x": i, "word": word or None} for i, word in enumerate(WORDS)]
    path.write_text("\n".join(map(json.dumps, entries)))


def _avro(path):
    fields = [{"name": "x", "type": "double"}, {"name": "word", "type": "string"}]
    entries = [{"x": float(i), "word": word} for i, word in enumerate(WORDS)]
    with path.open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "e", "fields": fields}, entries)


def _numpy(path):
    np.savez(path, x=np.arange(5.0), word=np.array(WORDS))


def _hdf5(path):
    with h5py.File(path, "w") as file:
        file["t/x"] = np.arange(5.0)
        file.create_dataset("t/word", data=WORDS, dtype=h5py.string_dtype())


WRITERS = {
    "a.root": _rntuple,
    "a.parquet": _parquet,
    "a.arrow": _dictionary,
    "a.csv": _csv,
    "a.jsonl": _json,
    "a.avro": _avro,
    "a.npz": _numpy,
    "a.h5": _hdf5,
}


def read(path, name, start, stop, tree="t"):
    source = DataFiles(MemoryStore(lambda: 0.0))
    (info,) = (each for each in source.describe(str(path), tree).branches if each.name == name)
    assert (info.kind, info.jagged) == ("text", False)
    survey = source.survey(str(path), tree, [name, "x"])
    blocks = list(source.read(survey, [name, "x"], start, stop))
    return np.concatenate([block.flat[name] for block in blocks]).tolist()


@pytest.mark.parametrize("name", WRITERS)
def test_text_is_read_in_every_format(name, tmp_path):
    WRITERS[name](tmp_path / name)

    for start, stop in ((0, 5), (1, 4)):
        assert read(tmp_path / name, "word", start, stop) == text_array(WORDS[start:stop]).tolist()


@pytest.mark.parametrize(("start", "stop"), [(0, 50), (3, 48)])
def test_text_is_read_as_root_wrote_it(start, stop):
    words = ["muon", "", "électron", "x" * 300, "tau"]
    names = [words[i % 5] for i in range(start, stop)]
    strings = [words[(i + 1) % 5] + str(i % 3) for i in range(start, stop)]

    assert read(DATA / "texts.root", "name", start, stop) == text_array(names).tolist()
    assert read(DATA / "texts.root", "s", start, stop) == text_array(strings).tolist()


@given(st.lists(st.binary(max_size=LONGEST + 5)))
def test_bytes_become_the_texts_they_are(parts):
    content = np.frombuffer(b"".join(parts), np.uint8)
    stops = np.cumsum([len(part) for part in parts], dtype=np.int64)

    found = decoded(content, stops - [len(part) for part in parts], stops)

    plain = [part.rstrip(b"\0").decode("utf-8", "backslashreplace") for part in parts]
    assert found.tolist() == text_array(plain).tolist()


@pytest.mark.parametrize("data", [b"\x05ab", b"\xff\x00\x00", b"\x01ab", b"\xff\x00\x00\x00\x01ab"])
def test_lengths_that_are_none_are_noticed(data):
    content = np.frombuffer(data, np.uint8)

    assert without_lengths(content, np.array([0, len(data)])) is None
