"""Arithmetic on whole numbers of 64 bits: what does not fit is told, and never wraps round."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array

_END = 2**63  #: sizes below it surely fit
_WRAPPED = 2.0**62  #: half of what wrapping round makes of a result, and much more than rounding
_SHIFTS = 64


def is_whole(value: Any) -> bool:
    """Tell whether these are whole numbers."""
    return np.asarray(value).dtype.kind in "iu"


def exactly(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` (a sum, difference, product or size), exact on whole numbers or refused.

    The function that is returned raises OverflowError where a result does not fit into 64 bits.
    """

    def computed(*values: Any) -> Any:
        if not all(map(is_whole, values)):
            return function(*values)
        whole = alike(*values)
        found = np.asarray(function(*whole))
        if found.dtype.kind == "u" or prod(_size(each) + 1 for each in whole) >= _END:
            refuse_wrapped(found, function(*(each.astype(np.float64) for each in whole)))
        return found

    return computed


def alike(*values: Any) -> list[Array]:
    """Return whole numbers as int64 or, if one is beyond, all as uint64; others unchanged.

    Raises:
        OverflowError: some are beyond int64 and others below 0.
    """
    arrays: list[Array] = [np.asarray(value) for value in values]
    if not {"i", "u"} <= {each.dtype.kind for each in arrays}:
        return arrays
    if any(each.size and each.min() < 0 for each in arrays if each.dtype.kind == "i"):
        raise OverflowError
    return [each.astype(np.uint64) if each.dtype.kind == "i" else each for each in arrays]


def shifted_left(values: Any, places: Any) -> Any:
    """Return values with their bits moved up; OverflowError if one leaves the 64 bits."""
    found = np.left_shift(*alike(values, _checked(places)))
    refuse_wrapped(found, np.ldexp(np.asarray(values, np.float64), np.asarray(places, np.int64)))
    return found


def shifted_right(values: Any, places: Any) -> Any:
    """Return values with their bits moved down."""
    return np.right_shift(*alike(values, _checked(places)))


def refuse_wrapped(found: Array, approximate: Any) -> None:
    """Raise OverflowError if doubles, `approximate`, say that a whole number of `found` wrapped."""
    if not np.all(np.abs(found - approximate) < _WRAPPED):
        raise OverflowError


def _checked(places: Any) -> Array:
    given: Array = np.asarray(places)
    if np.any((given < 0) | (given >= _SHIFTS)):
        raise OverflowError
    return given


def _size(values: Array) -> int:
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0
