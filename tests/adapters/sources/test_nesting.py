"""Lists within lists are one row an entry, with the sizes of the inner ones beside it."""

import json
from itertools import chain

import awkward as ak
import fastavro
import pyarrow as pa
import pytest
import uproot
from pyarrow import parquet

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from tests import oracle

V = [[[1.5, 2.5], []], [], [[3.5]], [[], [4.5, 5.5, 6.5], [7.5]]] * 300
TRACKS = [
    [{"pt": 10.0 + i, "hits": [{"e": e, "t": int(10 * e)} for e in track]} for track in entry]
    for i, entry in enumerate(V)
]


def _entries():
    return [
        {"x": float(i), "v": v, "tracks": t} for i, (v, t) in enumerate(zip(V, TRACKS, strict=True))
    ]


def _parquet(path):
    parquet.write_table(pa.Table.from_pylist(_entries()), path, row_group_size=500)


def _arrow(path):
    table = pa.Table.from_pylist(_entries())
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=500)


def _json(path):
    path.write_text("\n".join(map(json.dumps, _entries())))


def _avro(path):
    hit = {
        "type": "record",
        "name": "hit",
        "fields": [{"name": "e", "type": "double"}, {"name": "t", "type": "long"}],
    }
    hits = {"type": "array", "items": hit}
    track = {
        "type": "record",
        "name": "track",
        "fields": [{"name": "pt", "type": "double"}, {"name": "hits", "type": hits}],
    }
    doubles = {"type": "array", "items": "double"}
    fields = [
        {"name": "x", "type": "double"},
        {"name": "v", "type": {"type": "array", "items": doubles}},
        {"name": "tracks", "type": {"type": "array", "items": track}},
    ]
    with path.open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "e", "fields": fields}, _entries())


def _rntuple(path):
    arrays = ak.Array(_entries())
    with uproot.recreate(path) as file:
        ntuple = file.mkrntuple("Events", arrays[:700])
        ntuple.extend(arrays[700:])


WRITERS = {
    "a.parquet": _parquet,
    "a.arrow": _arrow,
    "a.json": _json,
    "a.avro": _avro,
    "a.root": _rntuple,
}
NAMES = ["tracks.hits.e", "tracks.hits.sizes", "tracks.hits.t", "tracks.pt", "v", "v.sizes", "x"]


@pytest.fixture(params=WRITERS)
def path(request, tmp_path):
    WRITERS[request.param](tmp_path / request.param)
    return tmp_path / request.param


def _source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _read(path, names, start, stop, tree="Events"):
    source = _source()
    blocks = source.read(source.survey(str(path), tree, names), names, start, stop)
    return [entry for block in blocks for entry in oracle.entries_of(block)]


def _expected(start, stop):
    return [
        {
            "tracks.hits.e": [e for track in v for e in track],
            "tracks.hits.sizes": list(map(len, v)),
            "tracks.hits.t": [int(10 * e) for track in v for e in track],
            "tracks.pt": [10.0 + i] * len(v),
            "v": [e for track in v for e in track],
            "v.sizes": list(map(len, v)),
            "x": i,
        }
        for i, v in list(enumerate(V))[start:stop]
    ]


def test_lists_within_lists_are_read_in_every_range(path):
    info = _source().describe(str(path), "Events")

    assert sorted(branch.name for branch in info.branches) == NAMES
    assert info.unreadable == ()
    for start, stop in ((0, 1200), (0, 1), (499, 701), (3, 4), (1199, 1200)):
        assert _read(path, NAMES, start, stop) == _expected(start, stop)


@pytest.mark.parametrize("name", NAMES)
def test_each_of_their_branches_is_read_alone(path, name):
    assert _read(path, [name], 450, 550) == [{name: e[name]} for e in _expected(450, 550)]


def test_row_lengths_are_shared_inside_each_list_only(path):
    told = {b.name: b.collection for b in _source().describe(str(path), "Events").branches}

    assert told["tracks.hits.e"] == told["tracks.hits.t"]
    assert told["tracks.pt"] == told["tracks.hits.sizes"]
    assert len({told["tracks.pt"], told["tracks.hits.e"], told["v"], told["v.sizes"]}) == 4


def test_deeper_lists_are_left_out_by_name(tmp_path):
    parquet.write_table(pa.table({"x": [1.0], "v": [[[[1.0]]]]}), tmp_path / "a.parquet")
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mkrntuple("Events", {"x": [1.0], "v": ak.Array([[[[1.0]]]])})

    for name in ("a.parquet", "a.root"):
        info = _source().describe(str(tmp_path / name), "Events")
        assert dict(info.unreadable) == {"v": "rows within rows within rows"}


def test_vectors_of_vectors_in_a_tree_are_read():
    data = pytest.importorskip("skhep_testdata", reason="carries the file")
    path = data.data_path("uproot-vectorVectorDouble.root")
    rows = uproot.open(path)["t"]["x"].array().tolist()

    found = _read(path, ["x", "x.sizes"], 0, len(rows), tree="t")

    assert found == [{"x": list(chain(*row)), "x.sizes": list(map(len, row))} for row in rows]
    assert max(map(len, rows)) > 1
