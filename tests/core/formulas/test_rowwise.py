"""One value for each row of a jagged branch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.data.columns import Jagged
from mlaas4hep.core.formulas import rowwise


def jagged(rows, dtype=np.float32):
    counts = [len(row) for row in rows]
    return Jagged(
        content=np.array([value for row in rows for value in row], dtype=dtype),
        offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
    )


ROWS = st.lists(st.lists(st.integers(-5, 5), max_size=4), max_size=8)


@given(ROWS)
def test_rows_are_reduced_as_python_would(rows):
    table = jagged(rows)

    assert rowwise.count(table).tolist() == [len(row) for row in rows]
    assert rowwise.total(table).tolist() == [sum(row) for row in rows]
    assert rowwise.any_true(table).tolist() == [any(row) for row in rows]
    assert rowwise.all_true(table).tolist() == [all(row) for row in rows]
    for function, oracle in ((rowwise.smallest, min), (rowwise.largest, max)):
        expected = [oracle(row) if row else np.nan for row in rows]
        np.testing.assert_array_equal(function(table), np.array(expected, dtype=np.float32))


def test_the_mean_of_an_empty_row_is_not_a_number():
    with np.errstate(invalid="ignore"):
        assert rowwise.mean(jagged([[1, 2], []])) == pytest.approx([1.5, np.nan], nan_ok=True)


def test_bools_are_counted_by_their_sum():
    assert rowwise.total(jagged([[True, True], [False]], np.bool_)).tolist() == [2, 0]


def test_a_value_that_is_not_a_number_is_not_true():
    assert rowwise.all_true(jagged([[np.nan], [1.0]])).tolist() == [False, True]
