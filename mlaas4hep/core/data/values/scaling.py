"""Values as the network sees them: (x - low) / (high - low), in double precision.

The result depends on the value only and not on the type it is stored in, so that a prediction
from JSON sees the bits that the training saw. Where high = low a value of at most 1000 stays, as
with the ancestor, and a larger one becomes 0. A branch may have a treatment of its own.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.values.treatment import Treatment

Singles = NDArray[np.float32]
Places = tuple[NDArray[np.intp], NDArray[np.intp]]  #: number of the branch, place in its values
Table = NDArray[np.float64]  #: (branches, 3, 1): what is subtracted, divided by, multiplied by
_PADDING = 16  #: singles, a line of the cache
HARMLESS = 1000.0  #: a constant of at most this size stays as it is


def scaling_table(specs: Sequence[BranchSpec]) -> Table:
    """Return how the values of each branch are scaled."""
    return np.array([_low_span_factor(spec) for spec in specs]).reshape(-1, 3, 1)


class Scaler:
    """Scales several branches at once, always in the same memory."""

    def __init__(self, table: Table, specs: Sequence[BranchSpec] = ()) -> None:
        """Scale by `table`; those of `specs`, the same branches, that have treatments by those."""
        self._low, self._span, self._factor = table[:, 0], table[:, 1], table[:, 2]
        self._has_factors = bool((self._factor != 1).any())
        self._treated: dict[int, Treatment] = {
            row: spec.treatment for row, spec in enumerate(specs) if spec.treatment
        }
        self._wide = np.empty(0, np.float64)
        self._narrow = np.empty(0, np.float32)

    def scale(self, values: Sequence[Array]) -> tuple[Singles, Places | None]:
        """Return scaled values, one row a branch, and the places of those that are not finite.

        Values that are not finite, or too large for single precision, become 0. The next call
        overwrites the result.
        """
        wide, padded = self._memory(len(values), len(values[0]))
        narrow = padded[:, : wide.shape[1]]
        for row, each in zip(wide, values, strict=True):
            row[:] = each
        for number, treatment in self._treated.items():
            treatment.load(values[number], wide[number])
        if self._has_factors:
            wide *= self._factor
        wide -= self._low
        wide /= self._span
        for number, treatment in self._treated.items():
            if treatment.scale:
                treatment.scale.apply(wide[number])
        np.copyto(narrow, wide, casting="same_kind")
        flat = padded.reshape(-1)
        if math.isfinite(np.dot(flat, flat)):  # a sum of squares hides no NaN and no infinity
            return narrow, None
        branch, place = np.nonzero(~np.isfinite(narrow))
        narrow[branch, place] = 0
        return narrow, (branch, place) if len(branch) else None

    def _memory(self, branches: int, size: int) -> tuple[NDArray[np.float64], Singles]:
        """Return room for the values; fresh pages would cost more than the sums.

        Rows of singles end in some finite numbers that mean nothing: if rows began a power of two
        apart, whoever reads across them would find them all in the same lines of the cache.
        """
        needed, room = branches * size, branches * (size + _PADDING)
        if needed > len(self._wide):
            self._wide = np.empty(needed, np.float64)
        if room > len(self._narrow):
            self._narrow = np.zeros(room, np.float32)
        return (
            self._wide[:needed].reshape(branches, size),
            self._narrow[:room].reshape(branches, size + _PADDING),
        )


def _low_span_factor(spec: BranchSpec) -> tuple[float, float, float]:
    """Return what is subtracted, what is divided by, and what both and values are multiplied by."""
    low, high, treatment = spec.low, spec.high, spec.treatment
    if low is None or high is None or (treatment and treatment.scale):
        return 0.0, 1.0, 1.0
    if treatment and treatment.first is not None:
        return 0.0, float(max(spec.exact_span, 1)), 1.0
    if low == high:
        return 0.0, 1.0, (1.0 if abs(low) <= HARMLESS else 0.0)
    if math.isinf(high - low):  # the difference of the largest doubles is not a double
        return low / 4, high / 4 - low / 4, 0.25
    return low, high - low, 1.0
