"""Branches that params.json calls categories: each value is one, numbered 0, 1, 2 … in its column."""

import numpy as np

from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.sketch import Distribution
from mlaas4hep.core.data.values.treatment import Scale
from mlaas4hep.errors import InvalidRequestError

MOST = 1000  #: numbers from the lowest to the highest; more are values, not categories


def codes(spec: BranchSpec) -> Scale | None:
    """Return how whole numbers, or the numbers of texts, become 0, 1, 2 …; None without values.

    Raises:
        InvalidRequestError: they are no whole numbers, or too many.
    """
    if spec.low is None or spec.high is None:
        return None
    low = spec.low if spec.exact is None else 0.0  # the lowest is taken off those before
    last = spec.high - spec.low if spec.exact is None else float(spec.exact_span)
    seen = Distribution.of(spec.sketch)
    values = np.array([spec.low, spec.high]) if seen is None else seen.values
    broken = values[values != np.rint(values)]
    if broken.size:
        raise _no_category(spec, f"holds {broken[0]:g}, which is no whole number")
    if last >= MOST:
        raise _no_category(spec, f"has numbers from {spec.low:.16g} to {spec.high:.16g}")
    return Scale(kind="codes", offset=low, last=last)


def is_category(spec: BranchSpec) -> bool:
    """Tell whether the columns of a branch hold numbers of categories."""
    scale = spec.treatment.scale if spec.treatment else None
    return scale is not None and scale.kind == "codes"


def _no_category(spec: BranchSpec, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'branch {spec.name!r} cannot be scaled as "category": it {why}',
        branch=spec.name,
        hint=f"categories are text, or whole numbers of which the highest is less than {MOST} above"
        ' the lowest; "missing": [-999] in params.json names values that are none',
    )
