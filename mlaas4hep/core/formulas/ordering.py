"""Rows put into order, and where their values would go: sort, argsort, reverse, argmax, argmin."""

import numpy as np

from mlaas4hep.core.data.columns import Array, Jagged, Offsets
from mlaas4hep.core.formulas.picking import element, positions


def ordered(rows: Jagged) -> Array:
    """Return the values of each row in rising order, NaN last."""
    sorted_values: Array = rows.content[_order(rows)]
    return sorted_values


def places(rows: Jagged) -> Offsets:
    """Return the places that put each row in rising order; equal values keep theirs, NaN last."""
    return _order(rows) - np.repeat(rows.offsets[:-1], rows.counts)


def reversed_rows(rows: Jagged) -> Array:
    """Return the values of each row from its last to its first."""
    ends = np.repeat(rows.offsets[1:] - 1, rows.counts)
    turned: Array = rows.content[ends - positions(rows.offsets)]
    return turned


def local_places(rows: Jagged) -> Offsets:
    """Return the place of each value inside its row."""
    return positions(rows.offsets)


def first(rows: Jagged) -> Array:
    """Return the first value of each row; NaN for an empty one."""
    return element(rows, 0)


def last(rows: Jagged) -> Array:
    """Return the last value of each row; NaN for an empty one."""
    return element(rows, -1)


def middle(rows: Jagged) -> Array:
    """Return the median of each row; NaN for an empty one, and for one with a NaN."""
    counts = rows.counts
    in_order = Jagged(content=ordered(rows), offsets=rows.offsets)
    low, high = (element(in_order, np.maximum(at, 0)) for at in ((counts - 1) // 2, counts // 2))
    return np.where(np.isnan(element(in_order, -1)), np.nan, (low + high) / 2)


def place_of_largest(rows: Jagged) -> Array:
    """Return where each row is largest: the first such place (a NaN is); NaN for an empty row."""
    return _place_of(rows, np.maximum)


def place_of_smallest(rows: Jagged) -> Array:
    """Return where each row is smallest: the first such place (a NaN is); NaN for an empty row."""
    return _place_of(rows, np.minimum)


def _order(rows: Jagged) -> Offsets:
    owners = np.repeat(np.arange(len(rows.counts)), rows.counts)
    return np.lexsort((rows.content, owners))


def _place_of(rows: Jagged, extreme: np.ufunc) -> Array:
    counts = rows.counts
    filled = counts > 0
    found = np.full(counts.shape, np.nan)
    starts = rows.offsets[:-1][filled]
    if starts.size:
        best = np.repeat(extreme.reduceat(rows.content, starts), counts[filled])
        is_best = (rows.content == best) | (rows.content != rows.content)
        candidates = np.where(is_best, positions(rows.offsets), len(rows.content))
        found[filled] = np.minimum.reduceat(candidates, starts)
    return found
