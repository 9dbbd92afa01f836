"""Collections of preproc.json: objects of each entry chosen and put into order."""

import json

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.specs.cutcounts import CutCount
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

OFFSETS = np.array([0, 4, 4, 5])


def jagged(values, offsets=OFFSETS):
    return Jagged(content=np.array(values), offsets=offsets)


COLUMNS = Columns(
    entries=3,
    flat={"nJet": np.array([4, 0, 1])},
    jagged={
        "Jet_pt": jagged([30.0, 50.0, 20.0, 40.0, 26.0]),
        "Jet_id": jagged([1, 2, 3, 4, 5]),
        "Jet.eta": jagged([0.5, -1.0, 2.0, 0.0, 1.0]),
        "Jets_pt": jagged([9.0, 1.0, 2.0], np.array([0, 1, 2, 3])),
    },
)


def applied(columns=COLUMNS, **collections):
    preproc = Preproc.parse(json.dumps({"collections": collections}))
    preproc.check(set(columns.flat), set(columns.jagged))
    return preproc.apply(columns)


def rows(columns, name):
    found = columns.jagged[name]
    return [part.tolist() for part in np.split(found.content, found.offsets[1:-1])]


def refusal(collections, columns=COLUMNS):
    with pytest.raises(InvalidRequestError) as caught:
        applied(columns, **collections)
    return caught.value.problem


def test_the_leading_jets_by_pt_keep_their_other_branches():
    found = applied(Jet={"sort_by": "Jet_pt", "descending": True, "top": 2, "where": "Jet_pt > 25"})

    assert rows(found, "Jet_pt") == [[50, 40], [], [26]]
    assert rows(found, "Jet_id") == [[2, 4], [], [5]]
    assert rows(found, "Jet.eta") == [[-1, 0], [], [1]]
    assert rows(found, "Jets_pt") == [[9], [1], [2]]
    assert found.jagged["Jet_pt"].offsets is found.jagged["Jet_id"].offsets
    assert found.flat["nJet"].tolist() == [4, 0, 1]


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        ({"top": 1}, [[1], [], [5]]),
        ({"where": "abs(Jet.eta) < 0.6"}, [[1, 4], [], []]),
        ({"where": "nJet > 1 && Jet_pt > 0"}, [[1, 2, 3, 4], [], []]),
        ({"sort_by": "Jet_pt", "descending": False}, [[3, 1, 4, 2], [], [5]]),
        ({"sort_by": "Jet_pt", "descending": "False", "top": 1}, [[3], [], [5]]),
        ({"sort_by": "Jet_id"}, [[4, 3, 2, 1], [], [5]]),
        ({"sort_by": "Jet_id > 2", "top": 3}, [[3, 4, 1], [], [5]]),
        ({"sort_by": "0 * Jet_pt"}, [[1, 2, 3, 4], [], [5]]),
        ({"branches": ["Jet_*"], "where": "Jet.eta < 0", "top": 10}, [[2], [], []]),
    ],
)
def test_objects_are_chosen_and_ordered(collection, expected):
    assert rows(applied(Jet=collection), "Jet_id") == expected


def test_a_value_that_is_not_a_number_comes_last_and_passes_no_condition():
    columns = Columns(
        entries=1, flat={}, jagged={"J_x": jagged([1.0, np.nan, 3.0], np.array([0, 3]))}
    )

    for descending, expected in ((True, [3, 1]), (False, [1, 3])):
        found = applied(columns, J={"sort_by": "J_x", "descending": descending})
        assert rows(found, "J_x")[0][:2] == expected
    assert rows(applied(columns, J={"where": "J_x > 0"}), "J_x") == [[1, 3]]


def test_later_collections_new_branches_and_cuts_see_what_is_left():
    preproc = Preproc.parse(
        json.dumps(
            {
                "collections": {
                    "Jet": {"where": "Jet_pt > 25"},
                    "Jets": {"where": "Jets_pt < sum(Jet_pt) / 100"},
                },
                "new_branch": {"n": {"def": "count(Jet_pt)", "type": "flat"}},
                "flat_cut": {"n": {"cut": "n > 0"}},
            }
        )
    )

    found = preproc.apply(COLUMNS)

    assert preproc.reads == {"Jet_pt", "Jets_pt"}
    assert found.flat["n"].tolist() == [3, 1]
    assert rows(found, "Jets_pt") == [[], []]
    assert preproc.applied(COLUMNS)[1] == (CutCount(cut="n > 0", passed=2),)


@pytest.mark.parametrize(
    ("collections", "says"),
    [
        ({"Jet": {}}, "has none of 'where', 'sort_by', 'top'"),
        ({"Jet": {"top": 0}}, "top is 0"),
        ({"Jet": {"top": True}}, "top is True"),
        ({"Jet": {"top": 2, "descnding": True}}, "descnding"),
        ({"Jet": {"sort_by": "Jet_pt", "descending": 1}}, "descending is 1"),
        ({"Jet": 5}, "is 5, not an object"),
        ({"Jet": {"where": "nJet > 1"}}, "one value an entry, not one an object"),
        ({"Jet": {"where": "Jet_pz > 1"}}, "there is no branch 'Jet_pz'"),
        ({"Jet": {"where": "Jet_pt >"}}, "collections 'Jet': where: expression"),
        ({"Tau": {"top": 5}}, "no jagged branch begins with Tau_ or Tau."),
        ({"Jet": {"top": 5, "branches": ["Jet_pz"]}}, "'Jet_pz' is no jagged branch"),
        ({"Jet": {"sort_by": "Jets_pt"}}, "have rows of different lengths"),
        ({"Jet": {"top": 1, "branches": ["Jet*"]}}, "'Jet_pt' and 'Jets_pt' have rows of"),
    ],
)
def test_what_makes_no_sense_is_refused(collections, says):
    assert says in refusal(collections).message


@given(
    st.lists(st.lists(st.floats(-50, 50), max_size=5), min_size=1, max_size=6),
    st.integers(1, 4),
    st.booleans(),
)
def test_any_rows_are_those_of_awkward(content, top, descending):
    columns = Columns(
        entries=len(content),
        flat={},
        jagged={
            "J_x": jagged(
                np.concatenate([np.array(row) for row in content]),
                np.concatenate(([0], np.cumsum([len(row) for row in content]))),
            )
        },
    )
    array = ak.values_astype(ak.Array([[], *content])[1:], np.float64)
    kept = array[array > -10]

    found = applied(
        columns, J={"where": "J_x > -10", "sort_by": "J_x", "descending": descending, "top": top}
    )

    assert rows(found, "J_x") == ak.sort(kept, axis=1, ascending=not descending)[:, :top].tolist()
