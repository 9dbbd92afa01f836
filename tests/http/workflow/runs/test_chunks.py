"""Chunks as whoever trains elsewhere gets them: listed, fetched, and read as docs/chunks.md says."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot
import xxhash

from mlaas4hep.core import wire
from mlaas4hep.core.runs.chunkrows import loss_weights, read, split
from mlaas4hep.core.runs.views import RunChunks
from mlaas4hep.errors import DamagedError
from mlaas4hep.http.workflow.front import front
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline import table
from tests.asgi import serving
from tests.cli.conftest import Gateway
from tests.people import FOLDER

ENTRIES, CHUNK = 100, 30
PARAMS = {
    "branch": "events",
    "identifier": ["event"],
    "chunk_size": CHUNK,
    "split": 0.3,
    "weight": "w",
    "metrics": True,
    "training": "standard",
}
EXAMPLE = Path(__file__).resolve().parents[4] / "examples" / "outside"


@pytest.fixture
def trained(world, alice, tmp_path):
    """Return what alice sees of a run whose chunks are made."""
    random = np.random.default_rng(3)
    with uproot.recreate(tmp_path / "a.root") as file:
        file["events"] = {
            "event": np.arange(ENTRIES, dtype=np.int64),
            "x": random.random(ENTRIES).astype(np.float32),
            "w": random.random(ENTRIES) + 0.5,
            "truth": np.arange(ENTRIES, dtype=np.int32) % 2,
        }
    texts = {"files.txt": "a.root", "labels.txt": "truth", "params.json": json.dumps(PARAMS)}
    alice.upload({**FOLDER, **texts, "a.root": (tmp_path / "a.root").read_bytes()})
    assert alice.submit().status_code == 200
    drain(world.services, table.steps("specs", "chunk-preprocess"))
    return alice


def told(person):
    answer = person.get("/runs/luca_1/chunks")
    assert answer.status_code == 200, answer.text
    return wire.load(RunChunks, answer.data)


def test_chunks_are_listed_with_what_a_training_must_know(trained):
    found = told(trained)

    assert found.columns == ("x",)
    assert (found.seed, found.validation, found.test) == (21, 0.3, 0.2)
    assert [each.index for each in found.chunks] == list(range(len(found.chunks)))
    assert sum(each.entries for each in found.chunks) == ENTRIES
    assert all(each.size_bytes > 0 for each in found.chunks)


def test_a_chunk_holds_what_the_documented_layout_says(trained):
    one = told(trained).chunks[0]
    body = trained.get("/runs/luca_1/chunks/0").data

    magic, checksum, content, length = struct.unpack("<8s16s16sQ", body[:48])
    assert (magic, content.hex(), len(body)) == (b"MLCHUNK3", one.content, one.size_bytes)
    assert checksum == xxhash.xxh3_128_digest(body[24:])
    header = json.loads(body[48 : 48 + length])
    n = header["entries"]
    assert (n, header["flat"], header["widths"], header["weighted"]) == (one.entries, 1, [], True)
    place, found = 48 + length, {}
    for name, kind, size in (
        ("x", "<f4", n),
        ("y", "<f4", n),
        ("draws", "<u4", n),
        ("w", "<f4", n),
    ):
        place = -(-place // 64) * 64
        found[name] = np.frombuffer(body, kind, size, place)
        place += found[name].nbytes
    chunk = read(body, one)
    np.testing.assert_array_equal(found["x"], chunk.x[:, 0])
    np.testing.assert_array_equal(found["y"], chunk.y)
    np.testing.assert_array_equal(found["draws"], chunk.draws)
    np.testing.assert_array_equal(found["w"], chunk.weights)


def test_the_parts_of_all_chunks_are_those_of_the_runs_own_training(trained):
    found = told(trained)
    sizes = np.zeros(3, int)
    for each in found.chunks:
        chunk = read(trained.get(f"/runs/luca_1/chunks/{each.index}").data, each)
        parts = split(chunk, found)
        rows = np.concatenate((parts.train, parts.validation, parts.test))
        assert sorted(rows.tolist()) == list(range(each.entries))
        sizes += [len(parts.train), len(parts.validation), len(parts.test)]
        assert loss_weights(chunk, found).mean() == pytest.approx(1, abs=0.5)

    assert (np.abs(sizes / ENTRIES - [0.56, 0.24, 0.2]) < 0.15).all()


def test_a_damaged_chunk_is_refused_by_who_reads_it(trained):
    one = told(trained).chunks[0]
    body = bytearray(trained.get("/runs/luca_1/chunks/0").data)
    body[-1] ^= 1

    with pytest.raises(DamagedError, match="the checksum"):
        read(bytes(body), one)


def test_a_chunk_that_has_expired_is_said_to_be_gone(trained, world):
    one = told(trained).chunks[1]
    world.services.chunks.delete(one.key)

    answer = trained.get("/runs/luca_1/chunks/1")

    assert told(trained).chunks[1].size_bytes is None
    assert answer.status_code == 404
    assert "chunk 1 of run 'luca_1' is not in the store" in answer.json["error"]["message"]
    assert "submitted again" in answer.json["error"]["hint"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/runs/luca_1/chunks/99", 404, "has no chunk 99"),
        ("/runs/luca_1/chunks/first", 400, "is not a whole number"),
        ("/runs/luca_9/chunks", 404, "luca_9"),
        ("/?action=fetch_chunk&name=luca_1", 400, "No index was provided"),
    ],
)
def test_what_is_no_chunk_is_refused(trained, path, status, says):
    answer = trained.get(path)

    assert answer.status_code == status, answer.text
    assert says in answer.json["error"]["message"]


def test_chunks_that_are_not_planned_yet_are_waited_for(alice):
    alice.upload()
    alice.submit()

    answer = alice.get("/runs/luca_1/chunks")

    assert answer.status_code == 409
    assert "not planned yet" in answer.json["error"]["message"]


def test_the_workers_of_the_example_see_every_training_row_once(
    trained, world, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(EXAMPLE)
    monkeypatch.delitem(sys.modules, "rows", raising=False)
    from rows import Rows  # noqa: PLC0415 - a script that people copy

    monkeypatch.setenv("MLAAS4HEP_TOKEN", world.token("alice"))
    with serving(Gateway(front(world.app))) as url:
        monkeypatch.setenv("MLAAS4HEP_URL", url)
        workers = [Rows.of("luca_1", tmp_path, rank, 2) for rank in range(2)]

    seen = [x for worker in workers for x, _, _ in worker.batches(7, epoch=0)]
    found = told(trained)
    expected = []
    for each in found.chunks:
        chunk = read(trained.get(f"/runs/luca_1/chunks/{each.index}").data, each)
        expected += chunk.x[split(chunk, found).train, 0].tolist()
    assert sorted(np.concatenate(seen)[:, 0].tolist()) == sorted(expected)
    assert len(seen) > 1
