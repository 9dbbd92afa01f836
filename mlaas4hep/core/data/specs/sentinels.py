"""Values far outside and repeated, which may mean "missing": found in the sketch of a branch."""

import math
from dataclasses import replace

import numpy as np

from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.sketch import Distribution
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.doubles import DOUBLES_HOLD

_FAR = 10.0  #: times the distance between the quartiles
_TIMES = 3  #: a value that is in a sketch less often may be chance
_MOST_CANDIDATES = 16
_FEWEST = 20  #: values that tell where a branch usually lies
_CROWDED = 64  #: doubles between neighbours; a value that means "missing" stands alone


def with_odd(specs: Specs) -> Specs:
    """Return specs that name the sentinels of each branch that has a sketch."""
    return replace(specs, branches=tuple(map(_with_odd, specs.branches)))


def _with_odd(spec: BranchSpec) -> BranchSpec:
    seen = Distribution.of(spec.sketch)
    odd = spec.odd if seen is None else sentinels(seen)
    return spec if odd == spec.odd else replace(spec, odd=odd)


def sentinels(seen: Distribution) -> tuple[tuple[float, float], ...]:
    """Return values that are far outside and repeated, each with its share."""
    repeated = seen.repeated(_TIMES)
    if not repeated:
        return ()
    candidates = sorted(v for v in repeated[:_MOST_CANDIDATES] if not _is_crowded(v, seen))
    others = seen.without(repeated)
    if others is not None and len(others.values) >= _FEWEST:  # they tell where the branch lies
        low, high = _usual_range(others)
        far = [value for value in candidates if value < low or value > high]
    else:
        far = [value for value in candidates if _is_far(value, seen.without([value]))]
    return tuple((value, seen.share(value)) for value in far)


def _is_crowded(value: float, seen: Distribution) -> bool:
    """Tell whether a large value has neighbours, as numbers of events do that doubles merge."""
    if abs(value) < DOUBLES_HOLD:
        return False
    near = np.abs(seen.values - value) <= _CROWDED * math.ulp(value)
    return bool((near & (seen.values != value)).any())


def _is_far(value: float, others: Distribution | None) -> bool:
    if others is None:
        return False
    low, high = _usual_range(others)
    return value < low or value > high


def _usual_range(usual: Distribution) -> tuple[float, float]:
    """Return the range outside of which a value is far from all these."""
    low, high = usual.quantile((0.25, 0.75)).tolist()
    whole = float(usual.values[-1] - usual.values[0])
    far = _FAR * ((high - low) or whole or max(1.0, abs(high)))
    return low - far, high + far
