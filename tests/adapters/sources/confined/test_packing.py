"""Arrays that a reading process gives are what they should be, or refused."""

import numpy as np
import pytest

from mlaas4hep.adapters.sources.confined.packing import TOLD, as_json, pack, understood, unpack
from mlaas4hep.core.data.columns import Columns, Jagged

OFFSETS = np.array([0, 2, 2, 3])
COLUMNS = Columns(
    entries=3,
    flat={
        "x": np.array([1.5, np.nan, 3]),
        "n": np.array([1, 2, 3], np.int8),
        "t": np.array(["é", "", "longer"]),
    },
    jagged={
        "J": Jagged(content=np.array([1, 2, 3], np.float32), offsets=OFFSETS),
        "K": Jagged(content=np.array([True, False, True]), offsets=OFFSETS),
    },
)
NAMES = ["x", "n", "t", "J", "K"]


def test_entries_come_back_as_they_were():
    back = unpack(pack(COLUMNS), NAMES, 3)

    for name, values in COLUMNS.flat.items():
        np.testing.assert_array_equal(back.flat[name], values)
        assert back.flat[name].dtype == values.dtype
    for name, rows in COLUMNS.jagged.items():
        np.testing.assert_array_equal(back.jagged[name].content, rows.content)
    assert back.jagged["J"].offsets is back.jagged["K"].offsets


def test_no_entries_and_empty_texts_come_back():
    none = Columns(entries=0, flat={"t": np.array([], "U1")}, jagged={})

    assert unpack(pack(none), ["t"], 0).flat["t"].dtype.kind == "U"


def with_array(name, values):
    """Return the packed entries, one array of a branch replaced."""
    arrays = pack(COLUMNS)
    found = understood(arrays)
    place = found["flat"].get(name) or found["jagged"][name.rstrip("#")]["#" in name]
    return {**arrays, place: values}


@pytest.mark.parametrize(
    "arrays",
    [
        with_array("x", np.array([1.0, 2.0])),
        with_array("x", np.zeros((3, 2))),
        with_array("t", np.full((3, 1), 0x110000, np.uint32)),
        with_array("t", np.full((3, 1), 0xD800, np.uint32)),
        with_array("t", np.zeros((3, 0), np.uint32)),
        with_array("J", np.zeros((3, 1), np.float32)),
        with_array("J", np.zeros(2, np.float32)),
        with_array("J#", np.array([0, 4, 2, 3])),
        with_array("J#", np.array([-1, 2, 2, 3])),
        with_array("J#", np.array([0, 2, 2, 9])),
        with_array("J#", np.array([0, 3])),
        with_array("J#", np.array([0.0, 2.0, 2.0, 3.0])),
        {},
        {TOLD: np.frombuffer(b"[" * 100_000, np.uint8)},
        {TOLD: as_json([])},
        {TOLD: as_json({"flat": {"x": "9"}, "jagged": {}})},
        {TOLD: as_json({"flat": {}, "jagged": {}})},
    ],
    ids=range(17),
)
def test_what_makes_no_sense_is_refused(arrays):
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError, RecursionError)):
        unpack(arrays, NAMES, 3)
