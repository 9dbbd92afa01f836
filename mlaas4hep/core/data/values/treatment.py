"""What is done to the values of one branch before they are inputs; it travels with the model.

A branch without a treatment is scaled as the ancestor does: (x - low) / (high - low).
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.texts import is_text

Doubles = NDArray[np.float64]
_NEAR = 2.0**62  #: differences of 64-bit integers that are surely ones themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """x becomes (f(x) - offset) / span, after x was moved into [low, high]."""

    #: f; zero: every value becomes 0; quantile: as "ranks" in models of 1.0, equal values rank high;
    #: codes: whole numbers are categories, and what lies outside is none of them
    kind: Literal["linear", "log", "ranks", "quantile", "zero", "codes"]
    offset: float = 0.0
    span: float = 1.0
    last: float = 0.0  #: of codes: the highest, the lowest is 0
    low: float | None = None
    high: float | None = None
    knots: tuple[float, ...] = ()  #: of ranks: values at equal shares from 0 to 1, rising

    def apply(self, values: Doubles) -> None:
        """Scale values in place; those that are not finite become NaN."""
        values[~np.isfinite(values)] = np.nan
        if self.low is not None or self.high is not None:
            np.clip(values, self.low, self.high, out=values)
        match self.kind:
            case "codes":
                values[(values < self.offset) | (values > self.offset + self.last)] = np.nan
            case "zero":
                values *= 0
            case "log":
                values[:] = signed_log(values)
            case "ranks":
                values[:] = _ranked(values, self.knots)
            case "quantile":
                values[:] = _ranked_high(values, self.knots)
        values -= self.offset
        values /= self.span


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """Everything that differs from the ancestor's way for one branch."""

    missing: tuple[float, ...] = ()  #: values that are taken as padding
    indicator: bool = False  #: a column beside the branch tells where it is missing
    first: int | None = None  #: lowest of integers that doubles cannot hold; taken off before
    scale: Scale | None = None  #: None: minimum and maximum
    dropped: bool = False  #: the branch fills no column

    def load(self, values: Array, room: Doubles) -> None:
        """Write values into `room` as doubles, missing ones as NaN."""
        if self.first is not None and values.dtype.kind in "iu":
            room[:] = _from_first(values, self.first)
        else:
            room[:] = values
            if self.first is not None:
                room -= float(self.first)
        if self.missing:
            room[is_missing(values, self.missing)] = np.nan


def is_missing(values: Array, missing: tuple[float, ...]) -> NDArray[np.bool_]:
    """Tell which values mean "missing"; -1e30 is meant in single precision, too."""
    if values.dtype.kind != "f":
        return np.isin(values, [number for number in missing if float(number).is_integer()])
    with np.errstate(over="ignore"):
        alike = [*missing, *(float(np.float32(number)) for number in missing)]
    return np.isin(values, alike)


def missing_apart(columns: Columns, rules: Rules) -> tuple[Columns, dict[str, int]]:
    """Return entries with NaN for values that mean "missing", and how many those are by branch."""
    counts: dict[str, int] = {}
    if not rules.missing:
        return columns, counts

    def plain(name: str, values: Array) -> Array:
        missing = rules.missing_of(name)
        if is_text(values):
            return values
        gone = is_missing(values, missing) if missing else np.zeros(0, np.bool_)
        if not gone.any():
            return values
        counts[name] = int(np.count_nonzero(gone))
        return np.where(gone, np.nan, values)

    flat = {name: plain(name, values) for name, values in columns.flat.items()}
    jagged = {
        name: replace(rows, content=plain(name, rows.content))
        for name, rows in columns.jagged.items()
    }
    return replace(columns, flat=flat, jagged=jagged), counts


def signed_log(values: Doubles) -> Doubles:
    """Return log(1 + |x|) with the sign of x: it grows with x and knows no forbidden values."""
    return np.sign(values) * np.log1p(np.abs(values))


def _ranked(values: Doubles, knots: tuple[float, ...]) -> Doubles:
    """Return the share of training values below each value; NaN stays.

    Of training values that equal it, half count; the lowest value is 0 and the highest 1.
    """
    low, high = knots[0], knots[-1]
    falling = tuple(-knot for knot in reversed(knots))
    ranked = (_ranked_high(values, knots) + 1 - _ranked_high(-values, falling)) / 2
    ranked[values <= low] = 0
    ranked[values >= high] = 1
    return ranked


def _ranked_high(values: Doubles, knots: tuple[float, ...]) -> Doubles:
    """Return the share of training values up to each value, those that equal it included."""
    ranked = np.interp(values, knots, np.linspace(0, 1, len(knots)))
    return np.where(np.isnan(values), np.nan, ranked)


def _from_first(values: Array, first: int) -> Array:
    """Return value - first as 64-bit integers, exactly for values that training has seen.

    The difference of two's complements is right modulo 2^64; what lies below `first` is negative.
    Beyond that, where numbers without a sign meet negative ones, it is a rounded double.
    """
    bits = values.astype(np.int64, copy=False).view(np.uint64)
    apart = bits - np.uint64(first % 2**64)
    if values.dtype.kind == "u" and first < 0:
        beyond = bits >= np.uint64(2**64 + first)
        return apart.astype(np.float64) + np.where(beyond, 2.0**64, 0.0)
    below = values < first
    if not below.any():
        return apart.astype(np.float64)
    rounded = values.astype(np.float64) - float(first)
    negative = np.where(rounded > -_NEAR, apart.view(np.int64), rounded)
    return np.where(below, negative, apart.astype(np.float64))
