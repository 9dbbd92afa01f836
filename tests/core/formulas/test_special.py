"""erf and gamma, against the math module."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.formulas import special


@given(st.floats(-30, 30))
def test_erf_and_erfc_are_those_of_the_math_module(x):
    assert special.erf(x) == pytest.approx(math.erf(x), rel=1e-13, abs=1e-300)
    assert special.erfc(x) == pytest.approx(math.erfc(x), rel=1e-9, abs=1e-300)


@given(st.floats(1e-6, 1e6))
def test_lgamma_is_that_of_the_math_module(x):
    assert special.lgamma(x) == pytest.approx(math.lgamma(x), rel=1e-12, abs=1e-12)


@given(st.floats(-160, 160))
def test_gamma_is_that_of_the_math_module_where_it_has_no_pole(x):
    if x == round(x) <= 0 or abs(x - round(x)) < 1e-3:
        return
    assert special.gamma(x) == pytest.approx(math.gamma(x), rel=1e-10)
    assert special.lgamma(x) == pytest.approx(math.lgamma(x), rel=1e-10, abs=1e-10)


def test_gamma_and_factorial_are_exact_for_small_whole_numbers():
    numbers = np.array([0, 1, 2, 5, 10])

    assert special.factorial(numbers).tolist() == [1, 1, 2, 120, 3628800]
    assert special.gamma(numbers + 1.0) == pytest.approx([1, 1, 2, 120, 3628800])


def test_values_that_are_not_finite_stay_so():
    with np.errstate(all="ignore"):
        x = np.array([np.nan, np.inf, -np.inf])

        assert np.isnan(special.erf(x)).tolist() == [True, False, False]
        assert special.erf(x)[1:].tolist() == [1, -1]
        assert np.isnan(special.lgamma(x)).tolist() == [True, False, True]
