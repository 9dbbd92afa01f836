"""From rules and what was measured to the treatment of every branch."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.sketch import Distribution
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.values.categories import codes
from mlaas4hep.core.data.values.rules import Range, Rules, Scaling
from mlaas4hep.core.data.values.treatment import Scale, Treatment, signed_log
from mlaas4hep.errors import InvalidRequestError

CLIPPED = 0.005  #: share of values that `"clip": "quantiles"` moves at either end
_KNOTS = 129  #: of "quantile" scaling, at most: they travel with the model
_LINEAR = frozenset({"minmax", "standard", "robust"})  #: the largest difference is a double


def treated(specs: Specs, rules: Rules) -> Specs:
    """Return specs that say what is done to each branch; sketches have served then.

    Raises:
        InvalidRequestError: an indicator column would have the name of a branch.
    """
    branches = tuple(_treated(spec, rules) for spec in specs.branches)
    names = {spec.name for spec in branches}
    for spec in branches:
        if spec.treatment and spec.treatment.indicator and indicator(spec.name) in names:
            raise InvalidRequestError(
                f"branch {indicator(spec.name)!r} is there already",
                branch=spec.name,
                hint="exclude it, or do without missing_indicator in params.json",
            )
    return replace(specs, branches=branches)


def indicator(name: str) -> str:
    """Return the name of the column that tells where a branch is missing."""
    return f"{name}_missing"


def _treated(spec: BranchSpec, rules: Rules) -> BranchSpec:
    if spec.texts is not None:
        dropped = not spec.texts or (rules.constant == "drop" and spec.is_constant)
        numbers = codes(spec) if rules.scaling_of(spec.name) == "category" else None
        of_texts = Treatment(dropped=dropped, scale=numbers)
        return replace(spec, treatment=None if of_texts == Treatment() else of_texts)
    missing = rules.missing_of(spec.name)
    treatment = Treatment(
        missing=missing,
        indicator=rules.indicator and not spec.jagged and spec.nan + spec.inf > 0,
        first=None if spec.exact is None else spec.exact[0],
        scale=_scale(spec, rules),
        dropped=rules.constant == "drop" and spec.is_constant,
    )
    return replace(
        spec,
        sketch=(),
        treatment=None if treatment == Treatment() else treatment,
        clipped=_clipped(spec, treatment.scale, treatment.first or 0),
    )


def _clipped(spec: BranchSpec, scale: Scale | None, first: int) -> int:
    """Return how many values a scale moves inwards."""
    if scale is None or scale.low is None or scale.high is None:
        return 0
    seen = Distribution.of(spec.sketch)
    if seen is None:
        return 0
    low, high = scale.low + first, scale.high + first
    return round(float(seen.weights[(seen.values < low) | (seen.values > high)].sum()))


def _scale(spec: BranchSpec, rules: Rules) -> Scale | None:
    """Return how a branch is scaled; None: by minimum and maximum, as the ancestor does."""
    kind, clips = rules.scaling_of(spec.name), rules.clips(spec.name)
    if kind == "category":
        return codes(spec)
    if spec.low is None or spec.high is None or spec.is_constant:
        return None
    if kind == "minmax" and not clips:
        return None
    first = 0.0 if spec.exact is None else float(spec.exact[0])
    seen = Distribution.of(spec.sketch) or Distribution(
        values=np.array([spec.low, spec.high]), weights=np.ones(2)
    )
    low, high = _limits(spec, seen, rules)
    if kind in _LINEAR and math.isinf(high - low):
        raise InvalidRequestError(
            f"branch {spec.name!r} has values from {low:g} to {high:g}, which are too far apart for"
            f" {kind!r} scaling",
            branch=spec.name,
            hint='if one of them means "missing", name it in "missing" of params.json; or use "clip"',
        )
    clipped = seen.clipped(low, high)
    apart = Distribution(values=clipped.values - first, weights=clipped.weights)
    scale = _MAKERS[kind](apart, low - first, high - first)
    return replace(scale, low=low - first, high=high - first) if clips else scale


def _minmax(_: Distribution, low: float, high: float) -> Scale:
    return Scale(kind="linear", offset=low, span=high - low)


def _standard(seen: Distribution, _low: float, _high: float) -> Scale:
    return Scale(kind="linear", offset=seen.mean, span=seen.deviation or 1.0)


def _robust(seen: Distribution, _low: float, _high: float) -> Scale:
    first, middle, last = seen.quantile((0.25, 0.5, 0.75)).tolist()
    return Scale(kind="linear", offset=middle, span=(last - first) or seen.deviation or 1.0)


def _log(_: Distribution, low: float, high: float) -> Scale:
    start, end = signed_log(np.array([low, high])).tolist()
    return Scale(kind="log", offset=start, span=(end - start) or 1.0)


def _quantile(seen: Distribution, low: float, high: float) -> Scale:
    knots = seen.quantile(np.linspace(0, 1, max(min(_KNOTS, len(seen.values)), 2)))
    knots[0], knots[-1] = low, high
    return Scale(kind="ranks", knots=tuple(knots.tolist()))


_MAKERS: dict[Scaling, Callable[[Distribution, float, float], Scale]] = {
    "minmax": _minmax,
    "standard": _standard,
    "robust": _robust,
    "log": _log,
    "quantile": _quantile,
}


def _limits(spec: BranchSpec, seen: Distribution, rules: Rules) -> Range:
    """Return the range that values are clipped to; without a rule, all that were seen."""
    assert spec.low is not None  # noqa: S101 - only called with values
    assert spec.high is not None  # noqa: S101 - both or none
    if not rules.clips(spec.name):
        return spec.low, spec.high
    asked = rules.clip_of(spec.name)
    if asked is None:
        low, high = seen.quantile((CLIPPED, 1 - CLIPPED)).tolist()
        return (low, high) if low < high else (spec.low, spec.high)
    low, high = max(asked[0], spec.low), min(asked[1], spec.high)
    return (low, high) if low < high else asked
