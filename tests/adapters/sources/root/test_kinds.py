"""Branches of every kind that ROOT writes have the values that ROOT was told (data/kinds.C)."""

from pathlib import Path

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from tests import oracle

FILE = str(Path(__file__).with_name("data") / "kinds.root")
ENTRIES = range(50)
PT = [[1 + e + i * 0.25 for i in range(10)] for e in ENTRIES]
A = [e * 0.5 - 3 for e in ENTRIES]
H = [e * 0.5 + 3 for e in ENTRIES]
FX = [[e, e + 0.5, e + 1.0] for e in ENTRIES]
M = [[e * 100 + i for i in range(30)] for e in ENTRIES]


def _rows(of_all, each=1):
    return [row[: each * (e % 4)] for e, row in enumerate(of_all)]


@pytest.fixture(scope="module")
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


@pytest.fixture(scope="module")
def entries(source):
    names = [branch.name for branch in source.describe(FILE, "t").branches]
    survey = source.survey(FILE, "t", names)
    blocks = source.read(survey, names, 0, len(ENTRIES))
    return [entry for block in blocks for entry in oracle.entries_of(block)]


@pytest.mark.parametrize(
    ("name", "expected", "step"),
    [
        ("n", [e % 4 for e in ENTRIES], 0),
        ("pt", _rows(PT), 100 / 2**16),
        ("pt_plain", _rows(PT), 0),
        ("pt_short", _rows(PT), 0.04),
        ("angle", _rows([[i * 0.5 - 3 for i in range(10)] for _ in ENTRIES]), 10 / 2**20),
        ("a", A, 110 / 2**12),
        ("a_plain", A, 0),
        ("a_short", A, 0.08),
        ("a_16", A, 0),
        ("a_32", A, 1e-7),
        ("h", H, 0.004),
        ("h_range", H, 100 / 2**16),
        ("h_16", H, 0.004),
        ("h_short", H, 0.02),
        ("hh", _rows(PT), 0.008),
        ("hh_16", _rows(PT), 0.008),
        ("hh_range", _rows(PT), 100 / 2**16),
        ("fx", FX, 100 / 2**16),
        ("fx_plain", FX, 0),
        ("m", _rows(M, 3), 0),
        ("mm", M, 0),
        ("list.i", list(ENTRIES), 0),
        ("list.q", [e * 0.5 for e in ENTRIES], 0),
        ("list.d", [e * 0.25 for e in ENTRIES], 0),
        ("xyz.x", list(ENTRIES), 0),
        ("xyz.z", [-e for e in ENTRIES], 0),
        ("vf", _rows(PT), 0),
        ("vb", [[i % 2 for i in range(e % 4)] for e in ENTRIES], 0),
        ("vv", [[e + i for i in range(e % 4) for _ in range(i)] for e in ENTRIES], 0),
        ("vv.sizes", [list(range(e % 4)) for e in ENTRIES], 0),
        ("li", [[e - i for i in range(e % 4)] for e in ENTRIES], 0),
        ("dd", _rows(PT), 0),
        ("p_whole.fP.fY", [e + 1 for e in ENTRIES], 0),
        ("p_whole.fE", [100 + e for e in ENTRIES], 0),
        ("p_split.fP.fZ", [e + 2 for e in ENTRIES], 0),
        ("v_whole.fX", [-e for e in ENTRIES], 0),
    ],
)
def test_values_are_what_was_written(entries, name, expected, step):
    for entry, wanted in zip(entries, expected, strict=True):
        np.testing.assert_allclose(entry[name], wanted, rtol=0, atol=step)


def test_everything_in_the_file_can_be_numbers(source):
    unreadable = dict(source.describe(FILE, "t").unreadable)

    assert unreadable == {}


def test_rows_of_arrays_are_a_collection_of_their_own(source):
    branches = {branch.name: branch for branch in source.describe(FILE, "t").branches}

    assert branches["m"].collection == "n[3]"
    assert branches["pt"].collection == branches["hh"].collection == "n"


def test_members_of_split_objects_are_not_taken_for_whole_objects(source):
    path = str(Path(FILE).with_name("clones.root"))
    names = ["hits/hits.fX", "hits/hits.fY"]

    assert set(names) <= source.describe(path, "t").names
    (block,) = source.read(source.survey(path, "t", names), names, 0, 20)
    assert oracle.entries_of(block) == [
        {"hits/hits.fX": [e] * (e % 4), "hits/hits.fY": list(range(e % 4))} for e in range(20)
    ]


def test_rows_behind_a_pointer_have_a_flag_before_each(source):
    path = str(Path(FILE).with_name("bits.root"))
    name = "bits/fAllBits"

    (block,) = source.read(source.survey(path, "t", [name]), [name], 0, 30)

    packed = [np.packbits(np.arange(e + 1) % 3 == 0, bitorder="little") for e in range(30)]
    for entry, expected in zip(oracle.entries_of(block), packed, strict=True):
        assert entry[name][: len(expected)] == expected.tolist()
        assert not any(entry[name][len(expected) :])
