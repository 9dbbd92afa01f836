"""Special functions that NumPy lacks, over whole arrays: erf, erfc, gamma and its logarithm."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SERIES_TERMS = 60  #: enough for double precision below `_SWITCH`
_FRACTION_TERMS = 60  #: enough for double precision above it
_SWITCH = 2.0
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_SHIFT = 10  #: Stirling's series is used from here on


def erf(values: Any) -> Floats:
    """Return the error function."""
    x = np.asarray(np.abs(values), dtype=np.float64)
    small = np.minimum(x, _SWITCH)
    size: Floats = np.where(x < _SWITCH, _erf_series(small), 1 - _erfc_tail(x))
    return np.asarray(np.copysign(size, values))


def erfc(values: Any) -> Floats:
    """Return 1 - erf, exact also where it is tiny."""
    x = np.asarray(values, dtype=np.float64)
    return np.where(x < _SWITCH, 1 - erf(np.minimum(x, _SWITCH)), _erfc_tail(x))


def lgamma(values: Any) -> Floats:
    """Return the logarithm of the size of the gamma function; infinite where that has a pole."""
    x = np.asarray(values, dtype=np.float64)
    below = np.where(x < 0, x, -0.5)
    mirrored = np.log(np.pi) - np.log(np.abs(np.sin(np.pi * (below % 1)))) - _lgamma(1 - below)
    return np.where(x < 0, mirrored, _lgamma(np.abs(x)))


def _lgamma(x: Floats) -> Floats:
    """Return the logarithm of gamma for values that are not negative: Stirling's series, far enough from 0."""
    product = np.ones_like(x)
    for step in range(_SHIFT):
        product = product * np.where(x < _SHIFT, x + step, 1.0)
    z = np.where(x < _SHIFT, x + _SHIFT, x)
    series = sum(c / z ** (2 * k + 1) for k, c in enumerate(_STIRLING))
    stirling = (z - 0.5) * np.log(z) - z + 0.5 * np.log(2 * np.pi) + series
    log = stirling - np.log(np.where(x < 0, np.nan, product))
    return np.where(np.isposinf(x), np.inf, log)


def gamma(values: Any) -> Floats:
    """Return the gamma function; NaN at whole numbers below zero."""
    x = np.asarray(values, dtype=np.float64)
    sign = np.where((x > 0) | (np.floor(x) % 2 == 0), 1.0, -1.0)
    return np.where((x < 0) & (x == np.floor(x)), np.nan, sign * np.exp(lgamma(x)))


def factorial(values: Any) -> Floats:
    """Return n! of the nearest whole number n."""
    return np.round(gamma(np.round(values) + 1))


def _erf_series(x: Floats) -> Floats:
    """Return erf for small x: the series that has only positive terms."""
    term = total = x
    for n in range(1, _SERIES_TERMS):
        term = term * (2 * x * x / (2 * n + 1))
        total = total + term
    return np.asarray(2 / np.sqrt(np.pi) * np.exp(-x * x) * total)


def _erfc_tail(values: Floats) -> Floats:
    """Return erfc for x of at least `_SWITCH`: the continued fraction, from its far end."""
    x = np.where(values < _SWITCH, _SWITCH, values)
    fraction = x
    for n in range(_FRACTION_TERMS, 0, -1):
        fraction = x + n / 2 / fraction
    return np.asarray(np.exp(-x * x) / np.sqrt(np.pi) / fraction)
