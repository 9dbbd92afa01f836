"""RNTuples that ROOT wrote have the values that ROOT was told (data/ntuple.C), whatever the block."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.places.bytes import FileBytes
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.adapters.sources.root.ntuple.decoder import NtupleDecoder
from mlaas4hep.core import wire
from mlaas4hep.core.runs.run import Status
from mlaas4hep.testing import pipeline
from tests import oracle

FILE = str(Path(__file__).with_name("data") / "ntuple.root")
ENTRIES = range(100)
ROWS = [[e + i * 0.25 for i in range(e % 4)] for e in ENTRIES]
NUMBERS = [list(range(e % 4)) for e in ENTRIES]
HALVES = [e * 0.5 for e in ENTRIES]
TENTHS = [e * 0.1 for e in ENTRIES]
SIGNED = [50 - e for e in ENTRIES]

EXPECTED = {
    "f": HALVES,
    "d": TENTHS,
    "b": [e % 3 == 0 for e in ENTRIES],
    "i8": SIGNED,
    "i16": [300 * x for x in SIGNED],
    "i32": [70_000 * x for x in SIGNED],
    "i64": [2**40 * x for x in SIGNED],
    "u8": [2 * e for e in ENTRIES],
    "u16": [600 * e for e in ENTRIES],
    "u32": [40_000_000 * e for e in ENTRIES],
    "u64": [2**57 * e for e in ENTRIES],
    "f_plain": HALVES,
    "f_half": HALVES,
    "d_plain": TENTHS,
    "i32_plain": [70_000 * x for x in SIGNED],
    "f_truncated": HALVES,
    "rows": ROWS,
    "flags": [[i % 2 for i in row] for row in NUMBERS],
    "fixed": [[e, e + 1, e + 2] for e in ENTRIES],
    "pairs": [[x for i in row for x in (e, i)] for e, row in enumerate(NUMBERS)],
    "three.0": list(ENTRIES),
    "three.1": [1000 + e for e in ENTRIES],
    "three.2": [2000 + e for e in ENTRIES],
    "two.0": [e + 0.5 for e in ENTRIES],
    "two.1": [-e for e in ENTRIES],
    "twos.0": [[e for _ in row] for e, row in enumerate(NUMBERS)],
    "twos.1": NUMBERS,
    "maybe": [[e] if e % 2 else [] for e in ENTRIES],
    "bits": [[e >> i & 1 for i in range(12)] for e in ENTRIES],
    "set": [[10 * e + i for i in row] for e, row in enumerate(NUMBERS)],
    "Muon_pt": [[e + 10 * i for i in row] for e, row in enumerate(NUMBERS)],
    "Muon_charge": [[1 if i % 2 else -1 for i in row] for row in NUMBERS],
    "nMuon": [e % 4 for e in ENTRIES],
    "nested": [[] for _ in ENTRIES],
    "nested.sizes": [[] for _ in ENTRIES],
    "late": [e if e >= 70 else 0 for e in ENTRIES],
    "late_rows": [[e for _ in row] if e >= 70 else [] for e, row in enumerate(NUMBERS)],
}


@pytest.fixture(scope="module")
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _read(source, names, start, stop):
    survey = source.survey(FILE, "Events", names)
    blocks = source.read(survey, names, start, stop)
    return [entry for block in blocks for entry in oracle.entries_of(block)]


@pytest.mark.parametrize(("start", "stop"), [(0, 100), (0, 30), (17, 64), (65, 72), (99, 100)])
def test_values_are_what_was_written_in_every_range(source, start, stop):
    entries = _read(source, list(EXPECTED), start, stop)

    found = {name: [entry[name] for entry in entries] for name in EXPECTED}
    assert found == {name: values[start:stop] for name, values in EXPECTED.items()}


def test_values_within_a_range_are_as_near_as_their_bits_allow(source):
    entries = _read(source, ["f_quantised"], 0, 100)

    found = [entry["f_quantised"] for entry in entries]
    np.testing.assert_allclose(found, ENTRIES, rtol=0, atol=102 / 2**17)


def test_every_field_is_listed_once_under_the_name_that_people_know(source):
    info = source.describe(FILE, "Events")

    assert {branch.name for branch in info.branches} == {*EXPECTED, "f_quantised", "text"}
    assert dict(info.unreadable) == {"either": "a std::variant"}


def test_members_of_a_collection_share_their_row_lengths(source):
    names = ["Muon_pt", "Muon_charge", "rows"]
    (block,) = source.read(source.survey(FILE, "Events", names), names, 0, 100)

    assert block.jagged["Muon_pt"].offsets is block.jagged["Muon_charge"].offsets


def test_tree_and_ntuple_of_one_data_set_make_one_run(tmp_path):
    flat = {"Muon_pt": ak.Array([[1.0, 2], [], [3]]), "met": np.array([1, 2, 3], np.float32)}
    tree = oracle.write_tree(tmp_path / "tree.root", "Events", flat)
    with uproot.recreate(tmp_path / "ntuple.root") as file:
        file.mkrntuple("Events", flat)
    files = [tree, str(tmp_path / "ntuple.root")]

    done = pipeline.run(
        pipeline.make_services(),
        files,
        tree="Events",
        selected_branches=("Muon_pt", "met"),
        chunk_size=3,
    )

    assert done.status is not Status.FAILED
    assert done.chunks.total == 2


def test_the_bytes_of_the_next_block_are_asked_for_before_this_one_is_handed_out(source):
    names = ["f", "rows"]
    layout = wire.load(RootLayout, source.survey(FILE, "Events", names).layout.encode()).ntuple
    asked = []

    class _Asked:
        def ask(self, spans):
            asked.extend(spans)
            return FileBytes.at(Path(FILE)).ask(spans)

    known = []
    blocks = NtupleDecoder(layout, names, _Asked()).blocks([(0, 30), (30, 60), (60, 100)])
    found = []
    for block in blocks:
        known.append(len(asked))
        found += oracle.entries_of(block)

    assert found == _read(source, names, 0, 100)
    assert len(asked) == len(set(asked))
    assert known[1] == known[2] == len(asked)
