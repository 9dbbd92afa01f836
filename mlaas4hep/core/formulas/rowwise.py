"""One value for each row of a jagged branch: its sum, longest, whether any value is true."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array, Jagged, Offsets
from mlaas4hep.core.formulas.exact import refuse_wrapped


def truth(values: Any) -> NDArray[np.bool_]:
    """Return where values are neither zero nor NaN."""
    array: Array = np.asarray(values)
    return array if array.dtype == np.bool_ else (array != 0) & ~np.isnan(array)


def count(rows: Jagged) -> Offsets:
    """Return the length of each row."""
    return rows.counts


def total(rows: Jagged) -> Array:
    """Return the sum of each row; 0 for an empty one; OverflowError if it has over 64 bits."""
    doubles = rows.content.astype(np.float64, copy=False)
    approximate = _reduce(np.add, doubles, rows.offsets, 0)
    if rows.content.dtype.kind == "f":
        return approximate
    wide = np.uint64 if rows.content.dtype == np.uint64 else np.int64
    found = _reduce(np.add, rows.content.astype(wide, copy=False), rows.offsets, 0)
    refuse_wrapped(found, approximate)
    return found


def mean(rows: Jagged) -> Array:
    """Return the mean of each row; NaN for an empty one."""
    return np.divide(total(rows), rows.counts)


def product(rows: Jagged) -> Array:
    """Return the product of each row, as a double; 1 for an empty one."""
    return _reduce(np.multiply, rows.content.astype(np.float64, copy=False), rows.offsets, 1)


def variance(rows: Jagged) -> Array:
    """Return the mean squared distance of each row from its mean; NaN for an empty one."""
    distance = rows.content - np.repeat(mean(rows), rows.counts)
    return mean(Jagged(content=distance * distance, offsets=rows.offsets))


def deviation(rows: Jagged) -> Array:
    """Return the standard deviation of each row, with n below; NaN for an empty one."""
    return np.sqrt(variance(rows))


def smallest(rows: Jagged) -> Array:
    """Return the least value of each row; NaN for an empty one."""
    return _reduce(np.minimum, _floating(rows.content), rows.offsets, np.nan)


def largest(rows: Jagged) -> Array:
    """Return the greatest value of each row; NaN for an empty one."""
    return _reduce(np.maximum, _floating(rows.content), rows.offsets, np.nan)


def any_true(rows: Jagged) -> Array:
    """Tell for each row whether some value is true; an empty one has none."""
    return _reduce(np.logical_or, truth(rows.content), rows.offsets, fill=False)


def all_true(rows: Jagged) -> Array:
    """Tell for each row whether no value is false; an empty one has none."""
    return _reduce(np.logical_and, truth(rows.content), rows.offsets, fill=True)


def _floating(content: Array) -> Array:
    return content if content.dtype.kind == "f" else content.astype(np.float64)


def _reduce(ufunc: np.ufunc, content: Array, offsets: Offsets, fill: float) -> Array:
    """Reduce each row; `reduceat` alone would give an empty row its neighbour's value."""
    filled = np.diff(offsets) > 0
    result = np.full(filled.shape, fill, dtype=content.dtype)
    starts = offsets[:-1][filled]
    if starts.size:
        result[filled] = ufunc.reduceat(content, starts)
    return result
