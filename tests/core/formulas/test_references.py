"""Formulas mean what they mean in Python, and functions what they mean in uproot."""

import numpy as np
import pytest
import uproot.language.python
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.formulas.functions import FUNCTIONS
from tests.core.formulas.values import values


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

    np.testing.assert_allclose(values(text, columns), expected, rtol=1e-6, atol=2e-7)


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
        got = np.asarray(values(text, columns), dtype=np.float64)
        # Of whole numbers that NumPy's where gives, x // 0 is 0; ours is inf or NaN.
        as_floats = reference(text, SCOPE | {"where": lambda *given: 1.0 * np.where(*given)})
    assume(np.array_equal(expected, as_floats, equal_nan=True))

    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=0)
