import math

import numpy as np
import pytest

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.inference.exact import exact, many, nested
from mlaas4hep.http.predict.rows import numbers

ROWS = 40  #: enough to be looked at all at once


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [0.1, -3, 2**24 + 1, 2**53 + 1, 1e30, 2**63])
@pytest.mark.parametrize("width", [1, 3])
def test_many_rows_are_the_same_bits_as_few(dtype, value, width):
    row = [value] * width
    one = exact("x", np.array([row]), dtype)  # as NumPy reads it

    for size in (1, 2, ROWS):
        found = exact("x", nested("x", [row] * size, dtype), dtype)
        assert found.tobytes() == one.tobytes() * size


@pytest.mark.parametrize("value", [True, 2**53 + 1, math.inf, math.nan, None, "1", {}])
def test_what_could_make_a_difference_is_looked_at_one_by_one(value):
    assert many([[value]] * ROWS, "float32") is None
    assert many([value] * ROWS, "float32") is None


@pytest.mark.parametrize("size", [1, ROWS])
def test_rows_without_numbers_are_rows_of_nothing(size):
    assert nested("x", [[]] * size, "float32").shape == (size, 0)


def test_whole_numbers_of_a_model_that_takes_them_stay_whole():
    assert many([[3]] * ROWS, "int64") is None
    assert nested("x", [[3]] * ROWS, "int64").dtype == np.int64


def test_many_rows_of_true_and_false_are_no_numbers():
    with pytest.raises(InvalidRequestError, match="takes float32"):
        exact("x", nested("x", [[True]] * ROWS, "float32"), "float32")


ODD = 2**53 + 1  #: no double holds it
MIXED = [
    ("uint64", [2**64 - 1, 0]),
    ("uint64", [2**63, ODD]),
    ("int64", [2.0, ODD]),
    ("int64", [-(2.0**60), ODD, -ODD]),
]


@pytest.mark.parametrize(("dtype", "row"), MIXED)
def test_whole_numbers_stay_whole_whatever_stands_beside_them(dtype, row):
    for found in (exact("x", nested("x", [row], dtype), dtype), numbers([row], dtype, 0.0)):
        assert (found.dtype, found.tolist()) == (dtype, [[int(each) for each in row]])


def test_a_missing_value_changes_no_whole_number_beside_it():
    assert numbers([ODD, None], "int64", 0.0).tolist() == [ODD, 0]


@pytest.mark.parametrize("value", [0.5, math.nan, math.inf, 2.0**63, -(2**63) - 1])
def test_what_is_no_whole_number_is_refused_beside_large_ones(value):
    with pytest.raises(InvalidRequestError, match=r"takes int64, and .* is none|not numbers"):
        exact("x", nested("x", [[value, ODD]], "int64"), "int64")
