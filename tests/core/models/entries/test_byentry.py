import numpy as np
import pytest

from mlaas4hep.core.models.entries.byentry import columns, identifiers
from mlaas4hep.core.models.entries.schema import Schema
from mlaas4hep.errors import InvalidRequestError

SCHEMA = Schema(
    flat=frozenset({"met"}),
    jagged=frozenset({"pt", "eta"}),
    either=frozenset({"tag"}),
    identifiers=frozenset({"run"}),
)
ENTRY = {"met": 1.5, "pt": [1.0, 2.0], "eta": [0.1, 0.2], "tag": True}


def test_numbers_and_lists_become_columns():
    found = columns(SCHEMA, [ENTRY, {**ENTRY, "met": None, "pt": [], "eta": []}])

    np.testing.assert_array_equal(found.flat["met"], [1.5, np.nan])
    assert found.flat["tag"].dtype == bool
    assert found.jagged["pt"].counts.tolist() == [2, 0]
    assert found.jagged["pt"].offsets is found.jagged["eta"].offsets


@pytest.mark.parametrize(
    "entry",
    [{"v": [[1, 2], [], [3]]}, {"v": [1, 2, 3], "v.sizes": [2, 0, 1]}],
)
def test_rows_within_rows_may_be_given_as_they_are(entry):
    of_features = Schema(flat=frozenset(), jagged=frozenset({"v", "v.sizes"}))
    of_preproc = Schema(flat=frozenset(), jagged=frozenset({"v.sizes"}), either=frozenset({"v"}))
    found = columns(of_features, [entry])

    assert columns(of_preproc, [entry]).jagged["v"].content.tolist() == [1, 2, 3]
    assert found.jagged["v"].content.tolist() == [1, 2, 3]
    assert found.jagged["v.sizes"].content.tolist() == [2, 0, 1]


def test_a_branch_that_only_cuts_read_may_be_a_list():
    found = columns(SCHEMA, [{**ENTRY, "tag": [1, 0]}])

    assert found.jagged["tag"].content.tolist() == [1, 0]


def test_types_stay_what_they_are():
    found = columns(SCHEMA, [{**ENTRY, "met": 3}])

    assert found.flat["met"].dtype.kind == "i"


@pytest.mark.parametrize("value", ["1", {}, [1], float, [[1]], ...])
def test_a_flat_branch_takes_numbers_only(value):
    with pytest.raises(InvalidRequestError, match=r"entry 1: branch 'met' is .*, not a number"):
        columns(SCHEMA, [ENTRY, {**ENTRY, "met": value}])


def test_the_entry_of_a_wrong_value_in_a_list_is_named():
    with pytest.raises(InvalidRequestError, match="entry 1: branch 'pt' is 'x'"):
        columns(SCHEMA, [ENTRY, {**ENTRY, "pt": [1.0, "x"]}, ENTRY])


def test_integers_beyond_64_bits_are_taken_as_floats():
    assert columns(SCHEMA, [{**ENTRY, "met": 2**64}]).flat["met"].tolist() == [2.0**64]


LARGE, LARGER = 2**62 + 1, 2**63 + 3  #: doubles do not hold their last digits


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([LARGE, 1.0, -3], np.int64),
        ([LARGER, 1], np.uint64),
        ([LARGER, 1.0], np.uint64),
        ([2**53, 0.5], np.float64),
        ([2**60, -0.5, 1e300], np.float64),
        ([LARGE, True], np.int64),
    ],
)
@pytest.mark.parametrize("where", ["met", "pt"])
def test_whole_numbers_whose_type_matters_keep_all_digits_beside_others(values, kind, where):
    met, pt = (values[0], values) if where == "pt" else (None, [0])
    entries = [{**ENTRY, "met": met or value, "pt": pt, "eta": pt} for value in values]

    found = columns(SCHEMA, entries, frozenset({"met", "pt"}))

    array = found.flat["met"] if where == "met" else found.jagged["pt"].content[: len(values)]
    assert array.dtype == kind
    assert array.tolist() == values


@pytest.mark.parametrize(
    ("values", "number"),
    [([0.5, LARGE], 1), ([LARGE, None], 0), ([-1, LARGER], 1), ([1, 2**64 + 1], 1)],
)
def test_a_whole_number_of_which_digits_would_be_lost_is_named(values, number):
    entries = [{**ENTRY, "met": value} for value in values]

    with pytest.raises(InvalidRequestError, match=f"entry {number}: branch 'met' is .* digits"):
        columns(SCHEMA, entries, frozenset({"met"}))
    assert columns(SCHEMA, entries).flat["met"].dtype == np.float64  # where it does not matter


def test_identifiers_are_given_back_as_they_came():
    assert identifiers(SCHEMA, [{**ENTRY, "run": "a"}, ENTRY]) == [{"run": "a"}, {}]


NAMES = ("a", "b", "c", "d")
FLAT = Schema(flat=frozenset(NAMES), jagged=frozenset(), identifiers=frozenset({"event"}))


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"a": 7},
        {"a": True},
        {"a": None},
        {"a": 2**60},
        {"a": 2**70},
        {"event": 12},
        {"a": float("nan")},
    ],
)
def test_branches_taken_at_once_have_the_values_of_those_taken_one_by_one(odd):
    entries = [dict.fromkeys(NAMES, 0.5), {**dict.fromkeys(NAMES, 1), **odd}]

    at_once = columns(FLAT, entries).flat
    one_by_one = columns(FLAT, entries, frozenset(NAMES)).flat

    for name in NAMES:
        np.testing.assert_array_equal(
            at_once[name].astype(np.float64), one_by_one[name].astype(np.float64)
        )


@pytest.mark.parametrize("odd", [{"a": "1.5"}, {"a": [1]}, {"e": 1}, {"a": {}}])
def test_odd_entries_are_refused_among_many(odd):
    entries = [dict.fromkeys(NAMES, 0.5)] * 9 + [{**dict.fromkeys(NAMES, 1), **odd}]

    with pytest.raises(InvalidRequestError, match="entry 9"):
        columns(FLAT, entries)


def test_an_entry_with_another_name_instead_is_refused():
    entries = [dict.fromkeys(NAMES, 0.5), dict.fromkeys((*NAMES[:3], "x"), 0.5)]

    with pytest.raises(InvalidRequestError, match="entry 1"):
        columns(FLAT, entries)
