"""The operators of expressions on numbers and arrays, in the arithmetic a physicist expects.

Whole numbers are 64 bits wide, powers are floating, and a division by zero is never an error.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.formulas.rowwise import truth


def widened(values: Array) -> Array:
    """Return integers as int64 and floats as double, so that results neither wrap nor overflow."""
    if values.dtype == np.uint64 and values.size and values.max() >= 2**63:
        return values.astype(np.float64)
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


def _is_whole(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "iu"


def _power(base: Any, exponent: Any) -> Any:
    """Raise in floating point: whole powers leave 64 bits soon."""
    floating = float(base) if isinstance(base, int) else base
    if isinstance(floating, np.ndarray) and _is_whole(floating):
        floating = floating.astype(np.float64)
    if isinstance(exponent, np.ndarray) and _is_whole(exponent):
        exponent = exponent.astype(np.float64)
    return floating**exponent


def _whole_division(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, exact on whole numbers, but inf or NaN where the divisor is 0."""

    def divided(a: Any, b: Any) -> Any:
        if _is_whole(a) and _is_whole(b) and not np.all(b):
            return function(np.asarray(a, dtype=np.float64), b)
        return function(a, b)

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
    "+": on_numbers(operator.add),
    "-": on_numbers(operator.sub),
    "*": on_numbers(operator.mul),
    "/": on_numbers(np.true_divide),
    "//": on_numbers(_whole_division(np.floor_divide)),
    "%": on_numbers(_whole_division(np.remainder)),
    "**": on_numbers(_power),
    "<<": on_numbers(np.left_shift),
    ">>": on_numbers(np.right_shift),
    "&": np.bitwise_and,
    "|": np.bitwise_or,
    "~": np.invert,
    "negative": on_numbers(operator.neg),
    "positive": on_numbers(operator.pos),
    "and": lambda a, b: truth(a) & truth(b),
    "or": lambda a, b: truth(a) | truth(b),
    "not": lambda a: ~truth(a),
}
