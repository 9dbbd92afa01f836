"""The transform of a contract is the transform of the training."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.data.matrix import Layout, fill
from mlaas4hep.core.data.specs.specs import measured
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.treatments import treated
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.entries import byentry
from mlaas4hep.core.models.entries.schema import Schema
from mlaas4hep.core.models.transform import Transform
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

PREPROC = {
    "new_branch": {
        "ht": {"def": "met+2*njets", "type": "flat"},
        "pt_gev": {"def": "Muon_pt/1000", "type": "jagged", "remove": "False"},
    },
    "flat_cut": {"njets": {"cut": "njets>1"}},
}
IDENTIFIERS = ("event",)

NUMBER = st.floats(-1e6, 1e6, width=32)
ENTRY = st.fixed_dictionaries(
    {
        "event": st.integers(0, 10**9),
        "met": NUMBER,
        "njets": st.integers(0, 8),
        "Muon_pt": st.lists(NUMBER, max_size=4),
    }
)


SCHEMA = Schema(flat=frozenset({"event", "met", "njets"}), jagged=frozenset({"Muon_pt"}))


def trained(rows, text, schema=SCHEMA, identifiers=IDENTIFIERS):
    """Return the matrix that training makes of `rows`, and the contract it leaves."""
    preproc = Preproc.parse(text)
    columns = preproc.apply(byentry.columns(schema, rows))
    specs = measured(columns, file=0, start=0, stop=len(rows))
    layout = Layout.of(specs, exclude=identifiers)
    x = np.empty((columns.entries, layout.width), np.float32)
    fill(layout, columns, x)
    contract = Contract(
        model="m",
        version="v",
        columns=layout.columns,
        specs=specs,
        identifiers=identifiers,
        preproc=text,
    )
    return x, contract


@pytest.mark.parametrize("text", ["", json.dumps(PREPROC)])
@given(rows=st.lists(ENTRY, min_size=1, max_size=20))
def test_entries_of_the_training_become_the_rows_of_the_training(rows, text):
    x, contract = trained([*rows, {"event": 0, "met": 1.0, "njets": 5, "Muon_pt": [1.0]}], text)
    transform = Transform.of(contract)

    prepared = transform.prepare(byentry.columns(transform.schema, rows))

    kept = int(np.count_nonzero(prepared.passed))
    np.testing.assert_array_equal(prepared.x, x[:kept])
    assert not any(prepared.outside)
    assert not any(prepared.truncated)
    assert transform.columns == contract.columns


def test_the_schema_asks_for_what_is_read_and_not_for_what_is_made():
    _, contract = trained(
        [{"event": 1, "met": 1.0, "njets": 2, "Muon_pt": [1.0]}], json.dumps(PREPROC)
    )

    assert Transform.of(contract).schema == Schema(
        flat=frozenset({"met", "njets"}),
        jagged=frozenset({"Muon_pt"}),
        identifiers=frozenset({"event"}),
        flags=frozenset({"met", "Muon_pt"}),
    )


def test_a_branch_that_was_empty_everywhere_is_not_needed():
    _, contract = trained([{"event": 1, "met": 1.0, "njets": 2, "Muon_pt": []}], "")

    schema = Transform.of(contract).schema

    assert (schema.unused, schema.jagged) == (frozenset({"Muon_pt"}), frozenset())


def test_flags_name_the_branches_of_each_entry():
    _, contract = trained(
        [
            {"event": 1, "met": 1.0, "njets": 2, "Muon_pt": [1.0]},
            {"event": 2, "met": 2.0, "njets": 5, "Muon_pt": [2.0]},
        ],
        "",
    )
    transform = Transform.of(contract)
    rows = [
        {"met": 1.5, "njets": 3, "Muon_pt": [1.0]},
        {"met": float("nan"), "njets": 6, "Muon_pt": [1.5, 3.0]},
        {"met": -1.0, "njets": 2, "Muon_pt": []},
    ]

    prepared = transform.prepare(byentry.columns(transform.schema, rows))

    assert prepared.outside == ((), ("njets", "Muon_pt"), ("met",))
    assert prepared.truncated == ((), ("Muon_pt",), ())


def test_a_missing_value_is_not_outside_of_a_branch_that_always_missed_it():
    _, contract = trained(
        [{"event": 1, "met": float("nan"), "njets": 2, "Muon_pt": [1.0]}],
        "",
    )
    contract = replace(
        contract, specs=treated(contract.specs, Rules(missing=(("met", (-999.0,)),)))
    )
    transform = Transform.of(contract)
    rows = [{"met": met, "njets": 2, "Muon_pt": [1.0]} for met in (-999.0, 3.0, None)]

    prepared = transform.prepare(byentry.columns(transform.schema, rows, transform.own_types))

    assert prepared.outside == ((), ("met",), ())


def test_identifiers_that_the_cuts_read_are_needed():
    text = json.dumps({"flat_cut": {"event": {"cut": "event>1"}}})
    _, contract = trained([{"event": 2, "met": 1.0, "njets": 2, "Muon_pt": [1.0]}], text)

    schema = Transform.of(replace(contract, preproc=text)).schema

    assert (schema.either, schema.identifiers) == (frozenset({"event"}), frozenset())


def test_a_model_that_tells_missing_values_apart_is_given_nan_for_them():
    rows = [
        {"event": 1, "met": 1.0, "njets": 1, "Muon_pt": [1.0, 3.0]},
        {"event": 2, "met": 2.0, "njets": 2, "Muon_pt": [2.0]},
    ]
    x, contract = trained(rows, "")
    transform = Transform.of(replace(contract, missing="nan"))

    prepared = transform.prepare(byentry.columns(transform.schema, rows))

    assert np.argwhere(np.isnan(prepared.x)).tolist() == [[1, 3]]
    np.testing.assert_array_equal(np.nan_to_num(prepared.x), x)


MUONS = json.dumps(
    {
        "collections": {"Muon": {"where": "Muon_pt > 5", "sort_by": "Muon_pt", "top": 2}},
        "new_branch": {
            "lead": {"def": "Muon_pt[0]", "type": "flat"},
            "fired": {"def": 'HLT == "Mu50"', "type": "flat"},
        },
        "flat_cut": {"njets": {"cut": 'njets > 1 || HLT == "Ele"'}},
    }
)
FIRED = [
    {"HLT": "Mu50", "njets": 2, "Muon_pt": [4.0, 10.0, 30.0, 20.0]},
    {"HLT": "Ele", "njets": 1, "Muon_pt": []},
    {"HLT": "None", "njets": 1, "Muon_pt": [9.0]},
    {"HLT": None, "njets": 3, "Muon_pt": [7.0]},
]


def test_text_elements_and_collections_are_at_prediction_what_they_were_in_training():
    schema = Schema(
        flat=frozenset({"HLT", "njets"}), jagged=frozenset({"Muon_pt"}), texts=frozenset({"HLT"})
    )
    x, contract = trained(FIRED, MUONS, schema, identifiers=())
    transform = Transform.of(contract)

    prepared = transform.prepare(
        byentry.columns(transform.schema, [*FIRED, {"HLT": "new", "njets": 2, "Muon_pt": []}])
    )

    assert transform.schema.texts == {"HLT"}
    assert contract.specs.branch("Muon_pt").width == 2
    np.testing.assert_array_equal(prepared.x[:3], x)
    assert prepared.outside[4] == ("HLT",)
    with pytest.raises(InvalidRequestError, match="entry 0: branch 'HLT' is 5, not a text"):
        byentry.columns(transform.schema, [{"HLT": 5, "njets": 2, "Muon_pt": []}])


PLAIN = st.fixed_dictionaries(
    {"event": st.integers(0, 10**9), "met": NUMBER, "njets": st.integers(0, 8), "q": st.just(2)}
)
ODD = st.one_of(NUMBER, st.none(), st.booleans(), st.just(2**70), st.just(1e300))


@given(
    rows=st.lists(PLAIN, min_size=1, max_size=8),
    values=st.lists(st.tuples(ODD, ODD), min_size=1, max_size=3),
    order=st.permutations(["event", "met", "njets", "q"]),
)
def test_entries_of_plain_numbers_are_transformed_alike_at_once_and_branch_by_branch(
    rows, values, order
):
    schema = Schema(flat=frozenset({"event", "met", "njets", "q"}), jagged=frozenset())
    specs = measured(byentry.columns(schema, rows), file=0, start=0, stop=len(rows))
    columns = Layout.of(specs, exclude=IDENTIFIERS).columns
    contract = Contract(
        model="m", version="v", columns=columns, specs=specs, identifiers=IDENTIFIERS
    )
    transform = Transform.of(contract)
    assert transform.straight is not None
    slow = replace(transform, straight=None)
    odd = [{**rows[0], "met": met, "njets": njets} for met, njets in values]
    ordered = [{name: row[name] for name in order} for row in rows]
    nameless = [{name: row[name] for name in order if name != "event"} for row in rows]

    for entries in (ordered, nameless, ordered + odd, odd, [*rows, *ordered]):
        found, wanted = transform.prepare_entries(entries), slow.prepare_entries(entries)

        assert found.x.tobytes() == wanted.x.tobytes()
        assert found.passed.tolist() == wanted.passed.tolist()
        assert (found.outside, found.truncated) == (wanted.outside, wanted.truncated)
    assert transform.straight.rows(ordered) is not None
    assert transform.straight.rows(nameless) is not None
    for entry in (*nameless, *ordered, *odd):
        row, among = transform.straight.row(entry), transform.straight.rows([entry])
        assert row is None or row.tobytes() == among.tobytes()
    assert all(transform.straight.row(entry) is not None for entry in nameless)


@pytest.mark.parametrize(
    "entry",
    [
        {"met": 1},
        {"met": 1, "njets": 2, "mett": 3},
        {"met": "x", "njets": 1},
        {"met": [1], "njets": 1},
        7,
    ],
)
def test_what_is_no_plain_entry_is_refused_with_the_words_of_the_other_way(entry):
    rows = [{"met": 1.0, "njets": 2}, {"met": 2.0, "njets": 3}]
    schema = Schema(flat=frozenset({"met", "njets"}), jagged=frozenset())
    specs = measured(byentry.columns(schema, rows), file=0, start=0, stop=2)
    contract = Contract(
        model="m", version="v", columns=("met", "njets"), specs=specs, identifiers=IDENTIFIERS
    )
    transform = Transform.of(contract)

    for entries in ([entry], [rows[0], entry], [entry, rows[0]]):
        with pytest.raises(InvalidRequestError) as slow:
            replace(transform, straight=None).prepare_entries(entries)
        with pytest.raises(InvalidRequestError) as quick:
            transform.prepare_entries(entries)
        assert str(quick.value) == str(slow.value)
