"""The functions that expressions may call: those of uproot's language, and a few over rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Jagged
from mlaas4hep.core.formulas import crossing, kinematics, ordering, rowwise, special
from mlaas4hep.core.formulas.exact import exactly
from mlaas4hep.core.formulas.rowwise import truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What a name in call position does with values, or with whole rows."""

    counts: tuple[int, ...]  #: numbers of arguments that it takes
    elementwise: Callable[..., Any] | None = None  #: value by value
    over_rows: Callable[..., Array] | None = None  #: one value a row of its arguments
    within_rows: Callable[[Jagged], Array] | None = None  #: as many values in each row as before
    across: Callable[[Jagged, Jagged, Jagged, Jagged], Array] | None = None  #: of two collections
    gives_places: bool = False  #: what it gives are places inside rows
    row_counts: tuple[int, ...] = (1,)  #: numbers of arguments with which it is over rows

    def reduces(self, count: int, *, jagged: bool) -> bool:
        """Tell whether a call with `count` arguments turns rows into one value an entry."""
        if self.over_rows is None or count not in self.row_counts:
            return False
        return jagged or self.needs_rows(count)

    def needs_rows(self, count: int) -> bool:
        """Tell whether a call with `count` arguments makes no sense without rows."""
        if self.within_rows is not None or self.elementwise is None:
            return True
        return self.over_rows is not None and count in self.row_counts and count == 1


def _logical_and(a: Any, b: Any) -> Array:
    return truth(a) & truth(b)


def _logical_or(a: Any, b: Any) -> Array:
    return truth(a) | truth(b)


def _logical_not(a: Any) -> Array:
    return ~truth(a)


def _filled(value: Any, instead: Any) -> Array:
    filled: Array = np.where(np.isnan(value), instead, value)
    return filled


def _where(condition: Any, yes: Any, no: Any) -> Array:
    chosen: Array = np.where(truth(condition), yes, no)
    return chosen


_ONE: dict[str, Callable[..., Any]] = {
    "abs": exactly(np.absolute),
    "absolute": exactly(np.absolute),
    "acos": np.arccos,
    "acosh": np.arccosh,
    "arccos": np.arccos,
    "arccosh": np.arccosh,
    "arcsin": np.arcsin,
    "arcsinh": np.arcsinh,
    "arctan": np.arctan,
    "arctanh": np.arctanh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "cbrt": np.cbrt,
    "ceil": np.ceil,
    "conj": np.conjugate,
    "conjugate": np.conjugate,
    "cos": np.cos,
    "cosh": np.cosh,
    "degrees": np.degrees,
    "erf": special.erf,
    "erfc": special.erfc,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "fabs": np.fabs,
    "factorial": special.factorial,
    "floor": np.floor,
    "gamma": special.gamma,
    "imag": np.imag,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "lgamma": special.lgamma,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "logical_not": _logical_not,
    "neg": exactly(np.negative),
    "negative": exactly(np.negative),
    "radians": np.radians,
    "real": np.real,
    "rint": np.rint,
    "round": np.round,
    "sign": np.sign,
    "signbit": np.signbit,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": exactly(np.square),
    "tan": np.tan,
    "tanh": np.tanh,
    "tgamma": special.gamma,
    "trunc": np.trunc,
}

_TWO: dict[str, Callable[..., Any]] = {
    "arctan2": np.arctan2,
    "atan2": np.arctan2,
    "copysign": np.copysign,
    "deltaPhi": kinematics.delta_phi,
    "DeltaPhi": kinematics.root_delta_phi,
    "fill": _filled,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "fmod": np.fmod,
    "hypot": np.hypot,
    "power": np.float_power,
    "logical_and": _logical_and,
    "logical_or": _logical_or,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "nextafter": np.nextafter,
}

_ROWS: dict[str, Callable[[Jagged], Array]] = {
    "all": rowwise.all_true,
    "any": rowwise.any_true,
    "count": rowwise.count,
    "argmax": ordering.place_of_largest,
    "argmin": ordering.place_of_smallest,
    "mean": rowwise.mean,
    "prod": rowwise.product,
    "median": ordering.middle,
    "first": ordering.first,
    "last": ordering.last,
    "std": rowwise.deviation,
    "sum": rowwise.total,
    "var": rowwise.variance,
}

_WITHIN: dict[str, Callable[[Jagged], Array]] = {
    "argsort": ordering.places,
    "index": ordering.local_places,
    "reverse": ordering.reversed_rows,
    "sort": ordering.ordered,
}
_PLACES = frozenset({"argsort", "index", "argmax", "argmin"})
_MASSES = tuple(range(4, 44, 4))

FUNCTIONS: dict[str, Function] = {
    **{name: Function(counts=(1,), elementwise=function) for name, function in _ONE.items()},
    **{name: Function(counts=(2,), elementwise=function) for name, function in _TWO.items()},
    **{
        name: Function(counts=(1,), over_rows=function, gives_places=name in _PLACES)
        for name, function in _ROWS.items()
    },
    **{
        name: Function(counts=(1,), within_rows=function, gives_places=name in _PLACES)
        for name, function in _WITHIN.items()
    },
    "deltaR": Function(counts=(4,), elementwise=kinematics.delta_r),
    "DeltaR": Function(counts=(4,), elementwise=kinematics.root_delta_r),
    "invMass": Function(
        counts=_MASSES,
        elementwise=kinematics.mass_of_sum,
        over_rows=kinematics.mass_of_rows,
        row_counts=(4,),
    ),
    "min": Function(counts=(1, 2), elementwise=np.minimum, over_rows=rowwise.smallest),
    "max": Function(counts=(1, 2), elementwise=np.maximum, over_rows=rowwise.largest),
    "padded": Function(counts=(3,)),
    "nearest": Function(counts=(4,), across=crossing.nearest, gives_places=True),
    "minDeltaR": Function(counts=(4,), across=crossing.least_distance),
    "transverseMass": Function(counts=(4,), elementwise=kinematics.transverse_mass),
    "clip": Function(counts=(3,), elementwise=np.clip),
    "take": Function(counts=(2,)),
    "where": Function(counts=(3,), elementwise=_where),
}
