import numpy as np
import pytest

from mlaas4hep.core.models.entries import Schema, columns, identifiers
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


def test_identifiers_are_given_back_as_they_came():
    assert identifiers(SCHEMA, [{**ENTRY, "run": "a"}, ENTRY]) == [{"run": "a"}, {}]
