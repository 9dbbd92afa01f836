"""Formulas over branches: what can be said, what it means, and what is refused."""

import itertools
import warnings

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.formulas.expression import Expression
from tests.core.formulas.entries import COLUMNS
from tests.core.formulas.values import values


def value(text, columns=COLUMNS):
    return values(text, columns)


# What it means ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0<=n<=2", [True, True, False]),
        ("1<n<=16", [False, True, False]),
        ("-2**2 + 3*4", [8, 8, 8]),
        ("2**3**2", [512, 512, 512]),
        ("(n > 1) & ok", [False, False, True]),
        ("n > 1 && ok || n == 0", [True, False, True]),
        ("n > 1 and not ok or false", [False, True, False]),
        ("!ok", [False, True, False]),
        ("~ok | (n == 200)", [False, True, True]),
        ("(n >> 1) & 3", [0, 1, 0]),
        ("7 // 2 + 7 % 4", [6, 6, 6]),
        ("where(ok, n, -1)", [0, -1, 200]),
        ("lep.pt / 10", [1, 2, 3]),
        ('get("a/b") + 1', [2, 3, 4]),
        ("hypot(3, 4) + min(n, 5)", [5, 7, 10]),
        ("cos(pi)", [-1, -1, -1]),
        (".5e1 + 1.", [6, 6, 6]),
    ],
)
def test_flat_expressions(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pt * 2", [[20, 40], [], [60]]),
        ("pt + eta", [[11, 18], [], [30]]),
        ("pt + n", [[10, 20], [], [230]]),
        ("n * pt > 0", [[False, False], [], [True]]),
        ("15 < pt < 30", [[False, True], [], [False]]),
        ("abs(eta) >= 1 && pt > 15", [[False, True], [], [False]]),
        ("where(pt > 15, pt, 0)", [[0, 20], [], [30]]),
        ("pt / sum(pt)", [[pytest.approx(1 / 3), pytest.approx(2 / 3)], [], [1]]),
    ],
)
def test_a_jagged_branch_makes_the_expression_jagged(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count(pt)", [2, 0, 1]),
        ("sum(pt * cosh(eta) > 20)", [1, 0, 1]),
        ("any(pt > 15) && max(pt) < 30", [True, False, False]),
        ("all(pt > 15)", [False, True, True]),
        ("sum(pt) + n", [30, 2, 230]),
    ],
)
def test_functions_over_rows_give_one_value_an_entry(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "jagged"),
    [
        ("pt*n", True),
        ("sum(pt)*n", False),
        ("max(pt, n)", True),
        ("max(pt)", False),
        ("1", False),
        ("pt[0]", False),
        ("pt[:1]", True),
        ("pt[pt > 1]", True),
        ("pt[argmax(pt)]", False),
        ("take(pt, n)", True),
        ("sort(pt) * n", True),
        ("invMass(pt, eta, eta, 1)", False),
    ],
)
def test_an_expression_knows_whether_it_is_jagged_without_data(text, jagged):
    expression = Expression.parse(text)

    assert expression.is_jagged({"pt"}) is jagged
    assert isinstance(expression.evaluate(COLUMNS), Jagged) is jagged


def test_an_expression_knows_the_branches_it_needs():
    expression = Expression.parse('sqrt(px**2 + lep.pt) > pi && get("a/b") || true')

    assert expression.names == {"px", "lep.pt", "a/b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pt[0]", [10, np.nan, 30]),
        ("pt[-2]", [10, np.nan, np.nan]),
        ("pt[n]", [10, np.nan, np.nan]),
        ("pt[n - 1]", [np.nan, np.nan, np.nan]),  # a computed place below 0 means none
        ("pt[x - x]", [10, np.nan, 30]),
        ("pt[argmax(eta)]", [10, np.nan, 30]),
        ("fill(pt[1], -1)", [20, -1, -1]),
        ("ok ? n : ok ? 1 : 2", [0, 2, 200]),
    ],
)
def test_an_element_that_is_not_there_is_not_a_number(text, expected):
    np.testing.assert_array_equal(value(text), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("take(pt, other)", [[20], [], []]),
        ("take(pt, 1)", [[10], [], [30]]),
        ("take(pt, -1)", [[20], [], [30]]),
        ("pt[pt > 10 && ok]", [[20], [], [30]]),
        ("pt[eta == 1]", [[10], [], []]),
        ("pt[sign(abs(eta))]", [[10, 20], [], []]),  # flags of 0 and 1 keep, too
        ("pt[pt < 0]", [[], [], []]),
        ("(pt - n)[1:]", [[20], [], []]),
    ],
)
def test_rows_are_shortened(text, expected):
    found = value(text)

    assert [len(row) for row in found] == [len(row) for row in expected]
    np.testing.assert_array_equal(list(itertools.chain(*found)), list(itertools.chain(*expected)))


# Numbers ----------------------------------------------------------------------------------------
def test_small_integers_do_not_wrap_round():
    assert value("n - 1") == [-1, 1, 199]
    assert value("n * n") == [0, 4, 40000]
    assert value("n ** 20") == [0, 2.0**20, 200.0**20]


def test_large_event_numbers_stay_exact():
    assert value("event % 2 == 1") == [True, False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0x10 + 0XfUL", 31), ("2.5f * 2L", 5), ("1e2F", 100), (".5f", 0.5), ("fmod(-7, 3)", -1)],
)
def test_numbers_may_be_written_as_in_cpp(text, expected):
    assert value(text) == [expected] * 3


def test_bools_are_added_as_numbers():
    assert value("ok + ok + 1") == [3, 1, 3]
    assert value("-ok") == [-1, 0, -1]


def test_single_precision_is_computed_in_double_as_in_root():
    met = np.array([30.5, 45.0], np.float32)
    columns = Columns(entries=2, flat={"met": met}, jagged={})

    found = Expression.parse("10**met").evaluate(columns)

    assert found.tolist() == [10**30.5, 1e45]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / n", [np.inf, 0.5, 0.005]),
        ("1 / 0", [np.inf] * 3),
        ("n % 0", [np.nan] * 3),
        ("n // (n - 2)", [0, np.inf, 1]),
        ("sqrt(-1)", [np.nan] * 3),
        ("log(n - n)", [-np.inf] * 3),
        ("9**9**9**9", [np.inf] * 3),
        ("n ** -1", [np.inf, 0.5, 0.005]),
    ],
)
def test_what_has_no_value_is_inf_or_nan_without_a_warning(text, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        np.testing.assert_array_equal(value(text), expected)


def test_no_entries_give_no_values():
    none = COLUMNS.rows(0, 0)

    assert value("n + x > event", none) == []
    assert value("sum(pt) + count(eta) * pt", none) == []


def test_a_long_sum_is_fine():
    assert value("+".join(["1"] * 1500)) == [1500] * 3
