import math
from itertools import chain

import numpy as np
import pytest

from mlaas4hep.core.data.values.doubles import doubles, matrix, single_row, singles

MANY = 20_000  #: more than are looked at in one piece


def test_numbers_are_the_doubles_that_numpy_makes_of_them():
    values = [0.1, -0.0, 3, True, 1e-320, 2**70, math.inf, *range(MANY)]

    found = doubles(iter(values), len(values))

    assert found.tobytes() == np.array(values, np.float64).tobytes()


@pytest.mark.parametrize("odd", [None, "1", [1.0], {}, 10**400])
@pytest.mark.parametrize("at", [0, MANY - 1])
def test_what_is_no_number_is_left_to_others(odd, at):
    values = [1.0] * MANY
    values[at] = odd

    assert doubles(values, MANY) is None


@pytest.mark.parametrize("size", [0, MANY - 1, MANY + 1])
def test_there_are_exactly_as_many_as_were_announced(size):
    assert doubles([1.0] * MANY, size) is None


def test_rows_of_equally_many_numbers_are_a_matrix():
    rows = [[1, 2.5, 3], [4, 5, 6]]

    assert matrix(rows).tolist() == rows
    assert doubles(chain.from_iterable(rows), 6).tolist() == [1, 2.5, 3, 4, 5, 6]


@pytest.mark.parametrize("rows", [1, 2, 7, MANY])
def test_single_precision_is_to_the_nearest_as_numpy_rounds(rows):
    numbers = [0.1, -0.0, 3, True, 1e-45, 1e-320, 16777217.0, 2**53 - 1, 1 / 3, -2.5e38]
    rounded = np.array([numbers] * rows, np.float64).astype(np.float32)

    found = singles([numbers] * rows)

    assert (found.shape, found.tobytes()) == ((rows, len(numbers)), rounded.tobytes())
    assert single_row(numbers).tobytes() == rounded[:1].tobytes()


def test_what_is_too_large_for_single_precision_is_infinite():
    assert singles([[1e39, -1e300]]).tolist() == [[math.inf, -math.inf]]


@pytest.mark.parametrize(
    "rows", [[[1, 2], [3]], [[1], 2], [1, 2], [[[1]], [[2]]], [["1"], ["2"]], [[1], [None]]]
)
def test_anything_else_is_no_matrix(rows):
    assert matrix(rows) is None
    assert singles(rows) is None
