"""Members of split classes that are stored whole, and baskets with I/O features (data/members.C)."""

from pathlib import Path

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.root.ntuple.elements import decoded
from mlaas4hep.adapters.sources.root.ntuple.elementtypes import QUANTISED
from mlaas4hep.adapters.sources.root.ntuple.layout import Column
from tests.adapters.sources.root.reading import entries_read

FILE = str(Path(__file__).with_name("data") / "members.root")
ENTRIES = range(20)


@pytest.fixture(scope="module")
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _single(value):
    return float(np.float32(value))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("e/p4.fP.fX", [float(i) for i in ENTRIES]),
        ("e/p4.fE", [i + 0.5 for i in ENTRIES]),
        ("e/place.fX", [-float(i) for i in ENTRIES]),
        ("e/place.fZ", [4.0] * 20),
        ("e/doubles", [[_single(i + 0.1)] * (i % 4) for i in ENTRIES]),
        ("alone", [[_single(i + 0.1)] * (i % 4) for i in ENTRIES]),
        ("e/ranged", [[50.5] * (i % 4) for i in ENTRIES]),
        ("e/numbers", [sorted({i, i + i % 4}) for i in ENTRIES]),
        ("e/listed", [[i * 0.5] * (i % 4) for i in ENTRIES]),
        ("e/queue", [[-i] * (i % 4) for i in ENTRIES]),
        ("e/several", [[i, i] for i in ENTRIES]),
        ("e/one", [[i] for i in ENTRIES]),
    ],
)
def test_members_that_are_stored_whole_have_the_values_that_root_was_told(source, name, expected):
    assert [entry[name] for entry in entries_read(source, FILE, "Events", [name])] == expected
    (branch,) = (b for b in source.describe(FILE, "Events").branches if b.name == name)
    assert branch.jagged is isinstance(expected[0], list)


def test_vectors_of_double32_are_doubles(source):
    kinds = {branch.name: branch.dtype for branch in source.describe(FILE, "Events").branches}

    assert kinds["alone"] == kinds["e/doubles"] == "float64"


def test_what_is_still_not_read_is_left_out_by_name(source):
    assert [name for name, _ in source.describe(FILE, "Events").unreadable] == ["e/sets"]


def test_texts_and_rows_are_read_where_baskets_have_a_map_of_offsets(source):
    assert entries_read(source, FILE, "Features", ["text", "n", "x"], 1, 19) == [
        {"text": "abcd"[: i % 4], "n": i % 4, "x": [i + k * 0.25 for k in range(i % 4)]}
        for i in range(1, 19)
    ]


def test_fields_in_several_encodings_are_left_out_by_name(source):
    file = str(Path(__file__).with_name("data") / "representations.root")
    info = source.describe(file, "Events")

    assert [branch.name for branch in info.branches] == ["a"]
    assert sorted(name for name, why in info.unreadable if "several encodings" in why) == ["r", "v"]


def test_doubles_as_steps_of_a_range_keep_all_digits():
    column = Column(
        number=0,
        type=QUANTISED,
        bits=8,
        low=0.0,
        high=100.0,
        elements=(3,),
        starts=(0,),
        sizes=(3,),
        checked=False,
        clusters=(1,),
    )

    assert decoded(column, memoryview(bytes([0, 1, 255])), 3).tolist() == [0.0, 100 / 255, 100.0]
