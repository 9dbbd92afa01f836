"""Whatever holds entries becomes JSON, with nothing changed but its type."""

import json
import math
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlaas4hep.client.entries import column_names, entry_list, value_list
from mlaas4hep.errors import InvalidRequestError

WANTED = [{"njets": 3, "pt": [1.5, 2.0]}, {"njets": 0, "pt": []}]
JAGGED = np.empty(2, dtype=object)
JAGGED[:] = [np.array([1.5, 2.0], np.float32), np.array([], np.float32)]


TABLE = pd.DataFrame({"njets": [3, 0], "pt": [np.array([1.5, 2.0]), np.array([])]})
STRUCTURED = np.array([(3, 1.5), (0, 2.0)], dtype=[("njets", "i4"), ("met", "f4")])


@pytest.mark.parametrize(
    "given",
    [
        WANTED,
        tuple(WANTED),
        ({"njets": np.int32(3), "pt": np.array([1.5, 2.0])}, {"njets": np.uint8(0), "pt": ()}),
        {"njets": np.array([3, 0]), "pt": JAGGED},
        {"njets": np.array([3, 0]), "pt": ak.Array([[1.5, 2.0], []])},
        ak.Array(WANTED),
        [ak.Array(WANTED)[0], ak.Array(WANTED)[1]],
        pa.table({"njets": [3, 0], "pt": [[1.5, 2.0], []]}),
        TABLE,
        [row for _, row in TABLE.iterrows()],
        SimpleNamespace(to_dicts=lambda: WANTED),
    ],
    ids=lambda given: type(given).__name__,
)
def test_entries_come_from_many_libraries(given):
    assert json.loads(json.dumps(entry_list(given))) == WANTED


def test_a_structured_array_is_a_table():
    wanted = [{"njets": 3, "met": 1.5}, {"njets": 0, "met": 2.0}]

    assert entry_list(STRUCTURED) == wanted
    assert entry_list(list(STRUCTURED)) == wanted


def test_one_entry_may_stand_alone():
    assert entry_list({"njets": 3, "pt": [1.5]}) == [{"njets": 3, "pt": [1.5]}]
    assert entry_list(ak.Record({"njets": 3})) == [{"njets": 3}]
    assert entry_list(TABLE.iloc[0]) == WANTED[:1]
    assert entry_list({"njets": np.array(3), "met": np.float32(1.5)}) == [{"njets": 3, "met": 1.5}]


def test_a_table_is_rows_of_the_network_and_says_which_column_is_which():
    table = pd.DataFrame({"b": [1.5, 2.5], "a": [3, 4]})

    assert value_list(table) == [[1.5, 3.0], [2.5, 4.0]]
    assert column_names(table) == ["b", "a"]
    assert column_names(pd.DataFrame(np.zeros((1, 2)))) == []
    assert column_names(np.zeros((1, 2))) == []
    with pytest.raises(InvalidRequestError, match="'values' holds None"):
        value_list(pd.DataFrame({"a": [1.0, None]}))


@pytest.mark.parametrize("missing", [None, math.nan, np.nan, np.float32("nan"), np.ma.masked])
def test_a_missing_value_is_none_and_no_number(missing):
    assert entry_list([{"met": missing, "pt": [1.0, missing]}]) == [
        {"met": None, "pt": [1.0, None]}
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("luca", "no list of entries"),
        (7, "no list of entries"),
        ([1, 2], "no entries"),
        ({"pt": [1.0], "eta": [2.0]}, "may be one entry or a table"),
        ({"a": np.arange(2), "b": np.arange(3)}, "differ in length"),
        ([{"met": math.inf}], "'met' holds inf"),
        ([{"flavour": b"\xff"}], "which is no UTF-8 text"),
        ([{"met": object()}], "'met' holds"),
    ],
)
def test_what_holds_no_entries_is_refused(given, said):
    with pytest.raises(InvalidRequestError, match=said):
        entry_list(given)


@pytest.mark.parametrize(
    "given",
    [
        [{"flavour": "mu", "tags": ["a", "b"]}],
        [{"flavour": np.str_("mu"), "tags": np.array(["a", "b"])}],
        [{"flavour": np.bytes_(b"mu"), "tags": (b"a", b"b")}],
        ak.Array([{"flavour": "mu", "tags": ["a", "b"]}]),
        pa.table({"flavour": ["mu"], "tags": [["a", "b"]]}),
        pd.DataFrame({"flavour": pd.Categorical(["mu"]), "tags": [["a", "b"]]}),
        {"flavour": pd.Series(["mu"], dtype="string"), "tags": ak.Array([["a", "b"]])},
    ],
    ids=lambda given: type(given).__name__,
)
def test_texts_stay_texts(given):
    assert entry_list(given) == [{"flavour": "mu", "tags": ["a", "b"]}]


def test_rows_are_numbers_only():
    assert value_list(np.array([[0.5, 1.0]], np.float32)) == [[0.5, 1.0]]
    assert value_list([0.5, np.float64(1)]) == [0.5, 1.0]
    for wrong in ([math.nan], [None], 1.0, ["x"]):
        with pytest.raises(InvalidRequestError):
            value_list(wrong)
