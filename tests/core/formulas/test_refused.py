"""What is no formula is refused, with its column and a hint, before it costs anything."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.reader import MAX_NESTING
from mlaas4hep.errors import InvalidRequestError
from tests.core.formulas.entries import COLUMNS


def refusal(text):
    with pytest.raises(InvalidRequestError) as caught:
        Expression.parse(text).evaluate(COLUMNS)
    return caught.value.problem


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
        ("n > 0 == ok", 3, "== beside < compares neighbours in Python, and results in C++"),
        ("n != 1 <= n", 3, "== beside < compares neighbours in Python, and results in C++"),
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


@given(st.text(max_size=30))
def test_any_text_is_either_parsed_or_refused(text):
    with contextlib.suppress(InvalidRequestError):
        Expression.parse(text)
