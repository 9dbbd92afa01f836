"""What physicists write gives what awkward, TTree::Draw, RDataFrame and vector give."""

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import vector
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.spellings import unquoted
from mlaas4hep.errors import InvalidRequestError
from tests.physicists import COLUMNS, COUNTS, JAGGED, SCOPE, TABLE

ANSWERS = json.loads(Path(__file__).with_name("root_answers.json").read_text())["answers"]
OF_AWKWARD = [(ours, theirs) for ours, theirs, *_ in TABLE if theirs]
OF_DRAW = [(ours, f"draw: {theirs}") for ours, _, theirs, _ in TABLE if theirs]
OF_RDATAFRAME = [(ours, f"rdf: {theirs}") for ours, _, _, theirs in TABLE if theirs]


def rows(text, columns=COLUMNS):
    """Return the values of each entry that are there."""
    found = Expression.parse(text).evaluate(columns)
    if isinstance(found, Jagged):
        parts = np.split(found.content, found.offsets[1:-1])
    else:
        parts = [[value] for value in found]
    return [[float(value) for value in part if not np.isnan(value)] for part in parts]


def plain(array):
    """Return the values of each entry of an awkward array that are there."""
    parts = ak.to_list(array)
    listed = [part if isinstance(part, list) else [part] for part in parts]
    return [[float(v) for v in part if v is not None and not np.isnan(v)] for part in listed]


def close(found, expected):
    assert [len(row) for row in found] == [len(row) for row in expected]
    np.testing.assert_allclose(np.concatenate(found), np.concatenate(expected), rtol=1e-9)


@pytest.mark.parametrize(("ours", "theirs"), OF_AWKWARD)
def test_an_expression_gives_what_awkward_gives(ours, theirs):
    close(rows(ours), plain(eval(theirs, {"__builtins__": {}, "abs": abs}, SCOPE)))


@pytest.mark.parametrize(("ours", "question"), OF_DRAW + OF_RDATAFRAME)
def test_an_expression_gives_what_root_gave(ours, question):
    close(rows(ours), ANSWERS[question])


@pytest.mark.parametrize(
    ("python", "function"),
    [
        (
            "1 if Muon_pt > 30 else 2 if Muon_pt > 20 else 3",
            "where(Muon_pt > 30, 1, where(Muon_pt > 20, 2, 3))",
        ),
        (
            "5 + (1 if (2 if 1 > 0 else 0) > 1 else 3) * 2",
            "5 + where(where(1 > 0, 2, 0) > 1, 1, 3) * 2",
        ),
    ],
)
def test_choices_within_choices_are_those_of_where(python, function):
    assert rows(f"Muon_pt * 0 + ({python})") == rows(f"Muon_pt * 0 + ({function})")


def test_angles_and_masses_are_those_of_the_vector_library():
    vectors = ak.unflatten(
        vector.zip({name.removeprefix("Muon_"): values for name, values in JAGGED.items()}), COUNTS
    )
    first, second = (ak.pad_none(vectors, 2)[:, place] for place in (0, 1))

    close(rows("deltaR(Muon[0], Muon[1])"), plain(first.deltaR(second)))
    close(rows("deltaPhi(Muon[0], Muon[1])"), plain(first.deltaphi(second)))
    close(rows("invMass(Muon[0], Muon[1])"), plain((first + second).mass))
    close(rows("deltaR(Muon, Muon[0])"), plain(vectors.deltaR(first)))
    expected = plain(ak.where(ak.num(vectors) > 0, ak.sum(vectors, axis=1).mass, np.nan))
    close(rows("invMass(Muon)"), expected)
    close(rows("invMass(Muon_pt, Muon_eta, Muon_phi, 0.1057)"), expected)


def test_the_nearest_of_another_collection_is_that_of_all_pairs():
    vectors = ak.unflatten(
        vector.zip({name.removeprefix("Muon_"): values for name, values in JAGGED.items()}), COUNTS
    )
    plus, minus = (vectors[(SCOPE["Muon_charge"] * sign) > 0] for sign in (1, -1))
    one, other = ak.unzip(ak.cartesian([plus, minus], nested=True))
    distances = one.deltaR(other)
    pairs = "Muon[Muon_charge > 0], Muon[Muon_charge < 0]"

    close(rows(f"minDeltaR({pairs})"), plain(ak.min(distances, axis=2)))
    close(rows(f"nearest({pairs})"), plain(ak.argmin(distances, axis=2)))
    nearest = plain(minus.pt[ak.argmin(distances, axis=2)])
    close(rows(f"Muon_pt[Muon_charge < 0][nearest({pairs})]"), nearest)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_median_is_numpys(count):
    found = rows(f"median(Muon_pt[:{count}])")

    expected = [[np.median(row[:count])] if len(row) else [] for row in SCOPE["Muon_pt"].tolist()]
    close(found, expected)


# Random expressions -------------------------------------------------------------------------------
WHOLE = st.one_of(st.none(), st.integers(-4, 4))
ROWS = st.lists(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=4), min_size=1, max_size=5
)


def _rows_of(inner):
    """Return strategies of (ours, awkward's) that give rows when `inner` does."""
    steps = st.sampled_from([None, 1, 2, -1, -2])
    bounds = st.tuples(WHOLE, WHOLE, steps).map(
        lambda each: ":".join("" if number is None else str(number) for number in each)
    )
    limits = st.integers(-9, 9)
    return st.one_of(
        inner.map(lambda pair: (f"-{pair[0]}", f"-({pair[1]})")),
        inner.map(lambda pair: (f"abs({pair[0]})", f"abs({pair[1]})")),
        inner.map(lambda pair: (f"({pair[0]} * 2 + 1)", f"({pair[1]} * 2 + 1)")),
        inner.map(lambda pair: (f"sort({pair[0]})", f"ak.sort({pair[1]}, axis=1)")),
        inner.map(lambda pair: (f"reverse({pair[0]})", f"{pair[1]}[:, ::-1]")),
        inner.map(
            lambda pair: (
                f"({pair[0]} - sum({pair[0]}))",
                f"({pair[1]} - ak.sum({pair[1]}, axis=1))",
            )
        ),
        inner.map(
            lambda pair: (
                f"take({pair[0]}, argsort({pair[0]}))",
                f"({pair[1]})[ak.argsort({pair[1]}, axis=1)]",
            )
        ),
        st.tuples(inner, bounds).map(
            lambda two: (f"({two[0][0]})[{two[1]}]", f"({two[0][1]})[:, {two[1]}]")
        ),
        st.tuples(inner, limits).map(
            lambda two: (
                f"({two[0][0]})[{two[0][0]} > {two[1]}]",
                f"({two[0][1]})[({two[0][1]}) > {two[1]}]",
            )
        ),
    )


def _values_of(inner):
    """Return strategies of (ours, awkward's) that give one value each for rows of `inner`."""
    places = st.integers(0, 3)
    return st.one_of(
        inner.map(lambda pair: (f"sum({pair[0]})", f"ak.sum({pair[1]}, axis=1)")),
        inner.map(lambda pair: (f"prod({pair[0]})", f"ak.prod(({pair[1]}) * 1.0, axis=1)")),
        inner.map(lambda pair: (f"max({pair[0]})", f"ak.max({pair[1]}, axis=1)")),
        inner.map(lambda pair: (f"argmin({pair[0]})", f"ak.argmin({pair[1]}, axis=1)")),
        inner.map(lambda pair: (f"Length$({pair[0]})", f"ak.num({pair[1]})")),
        inner.map(lambda pair: (f"any({pair[0]} > 2)", f"ak.any(({pair[1]}) > 2, axis=1)")),
        st.tuples(inner, places).map(
            lambda two: (
                f"({two[0][0]})[{two[1]}]",
                f"ak.pad_none({two[0][1]}, {two[1] + 1})[:, {two[1]}]",
            )
        ),
        inner.map(
            lambda pair: (
                f"({pair[0]})[-1]",
                f"ak.pad_none(({pair[1]})[:, ::-1], 1)[:, 0]",
            )
        ),
    )


NAMES = st.sampled_from([("a", "a"), ("b", "b"), ("(a + b)", "(a + b)"), ("(a * b)", "(a * b)")])
ANY_ROWS = st.recursive(NAMES, _rows_of, max_leaves=5)


@settings(max_examples=150, deadline=None)
@given(ROWS, st.one_of(ANY_ROWS, _values_of(ANY_ROWS)))
def test_random_expressions_over_rows_give_what_awkward_gives(pairs, texts):
    ours, theirs = texts
    counts = [len(row) for row in pairs]
    flat = np.array([pair for row in pairs for pair in row], np.int64).reshape(-1, 2)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    columns = Columns(
        entries=len(counts),
        flat={},
        jagged={
            name: Jagged(content=flat[:, number], offsets=offsets)
            for number, name in enumerate("ab")
        },
    )
    scope = {name: ak.unflatten(flat[:, number], counts) for number, name in enumerate("ab")}

    expected = plain(eval(theirs, {"__builtins__": {}, "abs": abs}, scope | {"ak": ak, "np": np}))

    assert rows(ours, columns) == expected


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("(int)(n)", "'(' was not expected here", "trunc(x) drops what is behind the point"),
        ("((Float_t) n) + 1", "')' was expected", "trunc(x) drops what is behind the point"),
        ('"Mu" in HLT', "a list was expected", 'HLT == "Mu50"'),
        ('HLT.Contains("Mu")', "there is no function", 'HLT == "Mu50"'),
        ("(n) n", "'n' was not expected here", "an expression looks like"),
    ],
)
def test_casts_and_parts_of_texts_are_told_what_to_write(text, says, hint):
    with pytest.raises(InvalidRequestError) as caught:
        Expression.parse(text)

    assert says in str(caught.value)
    assert hint in caught.value.problem.hint


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("HLT == Mu50", True),
        ("Mu50 != HLT && n > 1", True),
        ("Mu50 == 1", False),
        ("HLT == Mu50.x", False),
        ("n > Mu50", False),
    ],
)
def test_a_text_without_quotes_is_told_to_have_them(text, is_told):
    assert bool(unquoted("Mu50", text)) is is_told
