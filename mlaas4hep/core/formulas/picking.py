"""Values picked out of rows: one element, a slice, those that a condition keeps, those at places.

What is not there is NaN. Only a written number counts from the end (`pt[-1]`): a computed place
below 0 means "none", as in NanoAOD's indices from one collection into another.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array, Jagged, Offsets

Bounds = tuple[int | None, int | None, int | None]  #: start, stop and step, as in Python


def element(rows: Jagged, places: Any) -> Array:
    """Return one value of each row, as a double; `places` is a number, or one an entry."""
    counts = rows.counts
    at = np.asarray(places)
    if at.ndim == 0 and at < 0:
        at = counts + at
    return _at(rows.content, rows.offsets[:-1], counts, np.broadcast_to(at, counts.shape))


def at_places(rows: Jagged, places: Jagged) -> Jagged:
    """Return the values at places inside each row, as doubles."""
    owners = np.repeat(np.arange(len(places.counts)), places.counts)
    content = _at(rows.content, rows.offsets[owners], rows.counts[owners], places.content)
    return Jagged(content=content, offsets=places.offsets)


def masked(rows: Jagged, condition: NDArray[np.bool_]) -> Jagged:
    """Return the values for which `condition`, shape (values,), is true."""
    passed = np.concatenate((np.zeros(1, np.int64), np.cumsum(condition, dtype=np.int64)))
    return Jagged(content=rows.content[condition], offsets=passed[rows.offsets])


def sliced(rows: Jagged, bounds: Bounds) -> Jagged:
    """Return what Python's slice keeps of each row."""
    start, stop, step = bounds[0], bounds[1], bounds[2] or 1
    counts = rows.counts
    lowest, highest = (0, counts) if step > 0 else (-1, counts - 1)
    first = _bound(start, counts, lowest, highest, lowest if step > 0 else highest)
    end = _bound(stop, counts, lowest, highest, highest if step > 0 else lowest)
    lengths = np.maximum(-((first - end) // step), 0)
    return _gathered(rows, first, lengths, step)


def leading(rows: Jagged, sizes: Any) -> Jagged:
    """Return the first values of each row; the last ones where `sizes` is negative, none for NaN."""
    counts = rows.counts
    wanted = np.nan_to_num(np.clip(sizes, -counts, counts)).astype(np.int64)
    lengths = np.minimum(np.abs(wanted), counts)
    return _gathered(rows, np.where(wanted < 0, counts - lengths, 0), lengths, 1)


def positions(offsets: Offsets) -> Offsets:
    """Return the place of each value inside its row."""
    return np.arange(offsets[0], offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))


def _at(content: Array, starts: Offsets, counts: Offsets, places: Array) -> Array:
    there = (places >= 0) & (places < counts)  # NaN is neither
    found = np.full(places.shape, np.nan)
    found[there] = content[starts[there] + places[there].astype(np.int64)]
    return found


def _bound(given: int | None, counts: Offsets, lowest: Any, highest: Any, default: Any) -> Offsets:
    if given is None:
        return np.broadcast_to(default, counts.shape)
    at = counts + given if given < 0 else np.broadcast_to(given, counts.shape)
    return np.clip(at, lowest, highest)


def _gathered(rows: Jagged, first: Offsets, lengths: Offsets, step: int) -> Jagged:
    """Return `lengths` values of each row, from `first` on, every `step`-th."""
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    starts = np.repeat(rows.offsets[:-1] + first, lengths)
    return Jagged(content=rows.content[starts + step * positions(offsets)], offsets=offsets)
