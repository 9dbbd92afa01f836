"""Formulas over branches: what can be said, what it means, and what is refused."""

import contextlib
import itertools
import warnings

import numpy as np
import pytest
import uproot.language.python
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.functions import FUNCTIONS
from mlaas4hep.core.formulas.reader import MAX_NESTING
from mlaas4hep.errors import InvalidRequestError
from tests.core.formulas.values import values

OFFSETS = np.array([0, 2, 2, 3])
COLUMNS = Columns(
    entries=3,
    flat={
        "n": np.array([0, 2, 200], dtype=np.uint8),
        "x": np.array([1.5, np.nan, -2.0], dtype=np.float32),
        "ok": np.array([True, False, True]),
        "event": np.array([2**60 + 1, 2**60 + 2, 3], dtype=np.uint64),
        "lep.pt": np.array([10.0, 20.0, 30.0]),
        "a/b": np.array([1, 2, 3]),
    },
    jagged={
        "pt": Jagged(content=np.array([10, 20, 30], dtype=np.float32), offsets=OFFSETS),
        "eta": Jagged(content=np.array([1, -2, 0], dtype=np.float32), offsets=OFFSETS),
        "other": Jagged(content=np.array([1.0]), offsets=np.array([0, 1, 1, 1])),
    },
)


def value(text, columns=COLUMNS):
    return values(text, columns)


def refusal(text):
    with pytest.raises(InvalidRequestError) as caught:
        Expression.parse(text).evaluate(COLUMNS)
    return caught.value.problem


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


# What is refused --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("n +", 4, "a value was expected, not the end"),
        ("", 1, "a value was expected, not the end"),
        ("(n", 3, "')' was expected, not the end, after column 1"),
        ("n n", 3, "'n' was not expected here"),
        ("2x", 1, "'2' is not part of an expression"),
        ("nn > 1", 1, "there is no branch 'nn'"),
        ("1 + sqtr(n)", 5, "there is no function 'sqtr'"),
        ("hypot(n)", 1, "hypot takes 2 arguments, not 1"),
        ("atan2(1, 2, 3)", 1, "atan2 takes 2 arguments, not 3"),
        ("sum(n)", 1, "sum needs a jagged branch"),
        ("x & 1", 3, "& needs whole numbers or conditions"),
        ("n > 1 & ok", 3, "& and | bind tighter than comparisons"),
        ("n[0]", 2, "[ ] needs a jagged branch"),
        ("pt[n > 1]", 3, "the condition has one value an entry"),
        ("pt[n / 3]", 3, "a place in a row is a whole number"),
        ("pt[pt]", 3, "a row in [ ] must be a condition"),
        ("pt[0][0]", 6, "[ ] needs a jagged branch"),
        ("pt[:1] + eta", 8, "'pt' and 'eta' have rows of different lengths"),
        ("pt[]", 4, "a value was expected, not ']'"),
        ("pt[0", 5, "']' was expected, not the end, after column 3"),
        ("pt[::0]", 3, "a slice cannot go on by 0"),
        ("pt[n:2]", 5, "']' was expected, not ':'"),
        ("pt[1:n]", 6, "a slice is written with whole numbers"),
        ("take(n, 2)", 1, "take needs a jagged branch"),
        ("sort(n)", 1, "sort needs a jagged branch"),
        ("ok ? n", 7, "':' was expected: condition ? yes : no"),
        ("Entry$ > 5", 1, "Entry$ is not known here"),
        ("StdDev(pt)", 1, "there is no function 'StdDev'"),
        ("deltaR(eta, eta, pt, pt)", 1, "deltaR takes eta1, phi1, eta2, phi2; phi was expected"),
        ("deltaR(Jet[0], Jet[1])", 8, "there is no branch 'Jet_eta'"),
        ("invMass(n, n)", 9, "there is no branch 'n_pt'"),
        ("n ^ 2", 3, "'^' is not part of an expression"),
        ("n = 2", 3, "'=' is not part of an expression"),
        ("pt + other", 4, "'pt' and 'other' have rows of different lengths"),
        ("get(n)", 5, "get takes the name of a branch in quotes"),
    ],
)
def test_a_wrong_expression_is_refused_with_its_column(text, column, says):
    assert f"column {column}: {says}" in refusal(text).message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("logg(n)", "did you mean 'log'"),
        ("evnt", "did you mean 'event'?"),
        ("n ^ 2", "a power is written **"),
        ("n = 2", "equality is written =="),
        ("n > 1 & ok", "(a > 1) & (b < 2)"),
        ("Entry$ > 5", "nevts in params.json"),
        ("StdDev(pt)", "std(x) divides by n"),
        ("Iteration$", "index(Jet_pt)"),
        ("pt[pt]", "take(Jet_pt, places)"),
        ("n == nan", "isnan(x)"),
        ("n == np.nan", "isnan(x)"),
        ("n < inf", "isinf(x)"),
        ("count(pt > 20)", "sum(Jet_pt > 30)"),
        ("Length$(pt > 20)", "sum(Jet_pt > 30)"),
        ("std::round(x)", "halves"),
        ("pt[n > 1]", "flat_cut"),
        ("pt.sum() > 5", "sum(pt)"),
        ("Muon[0].pt", "Muon_pt[0]"),
        ("(Muon[0] + Muon[1]).M()", "invMass(Muon[0], Muon[1])"),
        ("@pt.size()", "count(Jet_pt)"),
        ("int(n / 2)", "trunc(x)"),
        ("ak.flatten(pt)", "each entry keeps its row"),
        ('HLT.startswith("Mu")', "compared as wholes"),
        ("TVector2::Phi_mpi_pi(n)", "deltaPhi(phi1, phi2)"),
    ],
)
def test_a_wrong_expression_comes_with_a_hint(text, hint):
    assert hint in refusal(text).hint


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "n.__class__.__bases__",
        "lambda: n",
        "[n for n in x]",
        "'text'",
        "n if ok",
        "open('/etc/passwd')",
        "n := 2",
        "f'{n}'",
        "exec",
    ],
)
def test_programs_are_not_expressions(text):
    refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "(" * (MAX_NESTING + 1) + "1" + ")" * (MAX_NESTING + 1),
        "-" * 3000 + "1",
        "2" + "**2" * 1000,
        "not " * 900 + "n",
        "sqrt(" * 500 + "n" + ")" * 500,
        "1+" * 3000 + "1",
        "invMass(a[" * 30 + "0" + "])" * 30,
        "deltaPhi(a[" * 38 + "0" + "],1)" * 38,
        "n" + "[0]" * 1300,
        "n ? " * 900 + "1" + " : 2" * 900,
        "pt[" * 1000 + "0" + "]" * 1000,
    ],
)
def test_hostile_expressions_are_refused_before_they_cost_anything(text):
    refusal(text)


def test_a_long_sum_is_fine():
    assert value("+".join(["1"] * 1500)) == [1500] * 3


# Against uproot and Python ----------------------------------------------------------------------
def test_every_function_of_uproot_is_there():
    assert uproot.language.python.python_language.functions.keys() <= FUNCTIONS.keys()


@pytest.mark.parametrize("name", sorted(uproot.language.python.python_language.functions))
def test_functions_give_what_those_of_uproot_give(name):
    theirs = uproot.language.python.python_language.functions[name]
    a, b = np.array([0.1, 0.5, 0.9, 1.0, 3.0]), np.array([0.5, 0.2, 0.9, -1.0, 2.0])
    columns = Columns(entries=5, flat={"a": a, "b": b, "c": a > b}, jagged={})
    count = FUNCTIONS[name].counts[-1]
    text = {1: f"{name}(a)", 2: f"{name}(a, b)", 3: f"{name}(c, a, b)"}[count]

    with np.errstate(all="ignore"):
        expected = theirs(*{1: (a,), 2: (a, b), 3: (a > b, a, b)}[count])

    np.testing.assert_allclose(value(text, columns), expected, rtol=1e-6, atol=2e-7)


NUMBERS = st.sampled_from(["1", "2", "0.5", "3", "p", "q", "k"])
SCOPE = {
    "p": np.array([0.5, -1.5, 2.0]),
    "q": np.array([3.0, 0.25, -2.0]),
    "k": np.array([1.0, 2.0, 3.0]),  # whole numbers have no -0, which 1/x would show
    "where": np.where,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "hypot": np.hypot,
}


def _grown(inner):
    pairs = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "//"]), inner)
    compared = st.tuples(inner, st.sampled_from(["<", "<=", "==", "!=", ">="]), inner)
    return st.one_of(
        pairs.map(" ".join),
        pairs.map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"-{text}"),
        inner.map(lambda text: f"sqrt(abs({text}))"),
        st.tuples(inner, inner).map(lambda parts: f"hypot({parts[0]},{parts[1]})"),
        inner.map(lambda text: f"({text})**2"),
        st.tuples(compared, inner, inner).map(
            lambda parts: f"where({' '.join(parts[0])}, {parts[1]}, {parts[2]})"
        ),
    )


def reference(text, scope):
    try:
        found = eval(text, {"__builtins__": {}}, scope)
    except ZeroDivisionError:  # of two plain numbers: ours is inf or NaN
        reject()
    return np.broadcast_to(found, (3,)).astype(np.float64)


@settings(max_examples=300, deadline=None)
@given(st.recursive(NUMBERS, _grown, max_leaves=12))
def test_random_expressions_mean_what_they_mean_in_python(text):
    columns = Columns(entries=3, flat={name: SCOPE[name] for name in "pqk"}, jagged={})

    with np.errstate(all="ignore"):
        expected = reference(text, SCOPE)
        got = np.asarray(value(text, columns), dtype=np.float64)
        # Of whole numbers that NumPy's where gives, x // 0 is 0; ours is inf or NaN.
        as_floats = reference(text, SCOPE | {"where": lambda *given: 1.0 * np.where(*given)})
    assume(np.array_equal(expected, as_floats, equal_nan=True))

    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=0)


@given(st.text(max_size=30))
def test_any_text_is_either_parsed_or_refused(text):
    with contextlib.suppress(InvalidRequestError):
        Expression.parse(text)
