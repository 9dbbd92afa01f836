"""A sketch of every branch, taken while minimum and maximum are measured.

One value out of every `step` is kept, at a place that a hash chooses, so that neither a period
in the data nor the size of blocks shows. Sketches of disjoint entries join in any order.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.values.texts import is_text

_MOST = 2048  #: values of a branch in a range
_LEAST = 64
_ALL_BRANCHES = 50_000  #: values of all branches of a range: they travel as JSON
_SQUARABLE = 2.0**500  #: sums of squares of smaller values are doubles
_HUGE = 2.0**600  #: a power of two, which takes no digits
_SHORT = 64_000  #: characters of all sketches of one branch
_SINGLE, _DOUBLE = np.dtype("<f4"), np.dtype("<f8")
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """Values of one branch, in the order of entries; each stands for `weight` values.

    They are kept as text: thousands of numbers would take longer as JSON than they take to measure.
    """

    weight: int
    packed: str  #: base64 of floating-point numbers, little endian
    is_single: bool = False  #: they have four bytes, which hold them exactly, not eight

    @classmethod
    def of(cls, weight: int, values: Array) -> "Sketch":
        """Return a sketch of finite values."""
        is_single = np.can_cast(values.dtype, np.float32)
        numbers: NDArray[np.float32 | np.float64] = values.astype(_SINGLE if is_single else _DOUBLE)
        numbers += 0.0  # -0.0 becomes 0.0
        packed = base64.b64encode(numbers.tobytes()).decode("ascii")
        return cls(weight=weight, packed=packed, is_single=is_single)

    @property
    def values(self) -> NDArray[np.float64]:
        """Return the values."""
        kind = _SINGLE if self.is_single else _DOUBLE
        return np.frombuffer(base64.b64decode(self.packed), kind).astype(np.float64)


def joined(sketches: Iterable[Sketch]) -> tuple[Sketch, ...]:
    """Return sketches so that the order they came in does not show."""
    return tuple(sorted(sketches, key=lambda sketch: (sketch.weight, sketch.packed)))


class Sketcher:
    """Samples the blocks of one range as they pass by."""

    def __init__(self, entries: int, branches: int) -> None:
        most = min(max(_ALL_BRANCHES // max(branches, 1), _LEAST), _MOST)
        self._step = max(entries // most, 1)
        self._parts: dict[str, list[Array]] = {}

    def add(self, columns: Columns, start: int) -> None:
        """Sketch one block that begins at entry `start`."""
        chosen = _places(start, columns.entries, self._step)
        for name, values in columns.flat.items():
            if is_text(values):
                continue  # it has categories instead
            self._parts.setdefault(name, []).append(values[chosen])
        shared: dict[int, Array] = {}
        for name, rows in columns.jagged.items():
            key = id(rows.offsets)
            if key not in shared:
                shared[key] = _places(start, len(rows.content), self._step)
            self._parts.setdefault(name, []).append(rows.content[shared[key]])

    def sketches(self) -> dict[str, Sketch]:
        """Return the finite values that were sampled of each branch."""
        return {name: self._sketch(parts) for name, parts in self._parts.items()}

    def _sketch(self, parts: list[Array]) -> Sketch:
        values = np.concatenate(parts)
        return Sketch.of(self._step, values[np.isfinite(values)])


def _places(start: int, count: int, step: int) -> NDArray[np.int64]:
    """Return one place in [0, count) for each `step` of the places that `start` counts from."""
    if step == 1 or not count:
        return np.arange(count)
    windows = np.arange(start // step, (start + count - 1) // step + 1, dtype=np.uint64)
    offsets = ((windows * _MIX) >> np.uint64(33)) % np.uint64(step)
    places = windows.astype(np.int64) * step + offsets.astype(np.int64) - start
    return places[(places >= 0) & (places < count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A sketch of a branch to ask about its values."""

    values: NDArray[np.float64]  #: sorted, at least one
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, sketches: Iterable[Sketch]) -> "Distribution | None":
        """Return the distribution of sketches; None if they are empty."""
        found = tuple(sketches)
        is_short = sum(len(sketch.packed) for sketch in found) <= _SHORT
        return _of_short(found) if is_short else _distribution(found)

    def quantile(self, share: float | Iterable[float]) -> NDArray[np.float64]:
        """Return the value below which `share` of all values lie.

        Of values that count alike it is that of `numpy.quantile`: 0 is the lowest, 1 the highest.
        """
        middles = np.cumsum(self.weights) - self.weights / 2
        heights = middles - middles[0]
        found: NDArray[np.float64] = np.interp(
            np.asarray(share) * heights[-1], heights, self.values
        )
        return found

    @property
    def mean(self) -> float:
        """Return the mean."""
        values, factor = self._small
        return float(np.average(values, weights=self.weights) * factor)

    @property
    def deviation(self) -> float:
        """Return the standard deviation."""
        values, factor = self._small
        mean = np.average(values, weights=self.weights)
        return float(np.sqrt(np.average((values - mean) ** 2, weights=self.weights)) * factor)

    @property
    def _small(self) -> tuple[NDArray[np.float64], float]:
        """Return values whose squares can be added up, and what they are to be multiplied by."""
        if max(-self.values[0], self.values[-1]) < _SQUARABLE:
            return self.values, 1.0
        return self.values / _HUGE, _HUGE

    def repeated(self, times: int) -> tuple[float, ...]:
        """Return the values that occur at least so often, the most frequent first."""
        last = max(len(self.values) - times + 1, 0)
        if not (self.values[times - 1 :] == self.values[:last]).any():  # sorted: equal ones touch
            return ()
        begins = np.flatnonzero(np.append(True, self.values[1:] != self.values[:-1]))
        values, counts = self.values[begins], np.diff(np.append(begins, len(self.values)))
        often = counts >= times
        order = np.argsort(-counts[often], kind="stable")
        return tuple(values[often][order].tolist())

    def share(self, value: float) -> float:
        """Return the share of one value."""
        return float(self.weights[self.values == value].sum() / self.weights.sum())

    def without(self, values: Iterable[float]) -> "Distribution | None":
        """Return the distribution of all other values; None if there are none."""
        kept = ~np.isin(self.values, list(values))
        if not kept.any():
            return None
        return Distribution(values=self.values[kept], weights=self.weights[kept])

    def clipped(self, low: float, high: float) -> "Distribution":
        """Return the distribution with values moved into [low, high]."""
        return Distribution(values=np.clip(self.values, low, high), weights=self.weights)


def _distribution(sketches: tuple[Sketch, ...]) -> Distribution | None:
    parts: dict[int, list[NDArray[np.float64]]] = {}
    for sketch in sketches:
        if sketch.packed:
            parts.setdefault(sketch.weight, []).append(sketch.values)
    if not parts:
        return None
    runs = [np.sort(np.concatenate(parts[weight])) for weight in sorted(parts)]
    weights = np.repeat(np.array(sorted(parts), np.float64), [len(run) for run in runs])
    values = np.concatenate(runs)
    if len(runs) == 1:
        return Distribution(values=values, weights=weights)
    order = np.argsort(values, kind="stable")  # merges runs that are sorted, which is quick
    return Distribution(values=values[order], weights=weights[order])


_of_short = lru_cache(maxsize=64)(_distribution)  # twelve megabytes; merging asks again and again
