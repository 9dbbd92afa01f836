"""The operators of expressions on numbers and arrays, in the arithmetic a physicist expects.

Whole numbers are 64 bits wide, powers are floating, and a division by zero is never an error; a
whole number that does not fit is (OverflowError).
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.formulas.exact import alike, exactly, is_whole, shifted_left, shifted_right
from mlaas4hep.core.formulas.rowwise import truth


def widened(values: Array) -> Array:
    """Return integers as int64 (uint64 if one is beyond), floats as double."""
    if values.dtype == np.uint64 and values.size and values.max() >= 2**63:
        return values
    if values.dtype.kind in "iu":
        return values.astype(np.int64, copy=False)
    return values.astype(np.float64, copy=False) if values.dtype.kind == "f" else values


def _number(value: Any) -> Any:
    """Return bools as 0 and 1; everything else unchanged."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, np.ndarray) and value.dtype == np.bool_:
        return value.astype(np.int64)
    return value


def on_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, with bools given to it as 0 and 1."""
    return lambda *arguments: function(*map(_number, arguments))


def _power(base: Any, exponent: Any) -> Any:
    """Raise in floating point: whole powers leave 64 bits soon."""
    floating = float(base) if isinstance(base, int) else base
    if isinstance(floating, np.ndarray) and is_whole(floating):
        floating = floating.astype(np.float64)
    if isinstance(exponent, np.ndarray) and is_whole(exponent):
        exponent = exponent.astype(np.float64)
    return floating**exponent


def _whole_division(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, exact on whole numbers, but inf or NaN where the divisor is 0."""

    def divided(a: Any, b: Any) -> Any:
        if not (is_whole(a) and is_whole(b)):
            return function(a, b)
        a, b = alike(a, b)
        if np.all(b):
            return function(a, b)
        exact = function(a, np.where(b == 0, 1, b).astype(b.dtype))
        return np.where(b == 0, function(a.astype(np.float64), 0.0), exact)

    return divided


def chain(operators: Any) -> Callable[..., Any]:
    """Return a function of n + 1 values that compares each with its neighbour."""

    def compared(*values: Any) -> Any:
        result = _COMPARISONS[operators[0]](values[0], values[1])
        for at, symbol in enumerate(operators[1:], start=1):
            result = result & _COMPARISONS[symbol](values[at], values[at + 1])
        return result

    return compared


_COMPARISONS: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
BITS = frozenset({"&", "|", "~", "<<", ">>"})
OPERATORS: dict[str, Callable[..., Any]] = {
    "+": on_numbers(exactly(operator.add)),
    "-": on_numbers(exactly(operator.sub)),
    "*": on_numbers(exactly(operator.mul)),
    "/": on_numbers(np.true_divide),
    "//": on_numbers(_whole_division(np.floor_divide)),
    "%": on_numbers(_whole_division(np.remainder)),
    "**": on_numbers(_power),
    "<<": on_numbers(shifted_left),
    ">>": on_numbers(shifted_right),
    "&": lambda a, b: np.bitwise_and(*alike(a, b)),
    "|": lambda a, b: np.bitwise_or(*alike(a, b)),
    "~": np.invert,
    "negative": on_numbers(exactly(operator.neg)),
    "positive": on_numbers(operator.pos),
    "and": lambda a, b: truth(a) & truth(b),
    "or": lambda a, b: truth(a) | truth(b),
    "not": lambda a: ~truth(a),
}
