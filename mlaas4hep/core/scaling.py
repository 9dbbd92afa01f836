"""Values as the network sees them: (x - low) / (high - low), in double precision.

The result depends on the value only and not on the type it is stored in, so that a prediction
from JSON sees the bits that the training saw. Where high = low the value stays.
"""

import math

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.columns import Array
from mlaas4hep.core.specs import BranchSpec

Singles = NDArray[np.float32]


class Scaler:
    """Scales branch after branch in the same memory: fresh pages would cost more than the sums."""

    def __init__(self) -> None:
        self._wide = np.empty(0, np.float64)
        self._narrow = np.empty(0, np.float32)

    def scale(self, spec: BranchSpec, values: Array) -> tuple[Singles, Array | None]:
        """Return scaled values, which the next call overwrites, and the places of those not finite.

        Values that are not finite, or too large for single precision, become 0.
        """
        size = len(values)
        if size > len(self._wide):
            self._wide = np.empty(size, np.float64)
            self._narrow = np.empty(size, np.float32)
        result = self._narrow[:size]
        self._write(spec, values, result)
        if math.isfinite(np.dot(result, result)):  # a sum of squares hides no NaN and no infinity
            return result, None
        bad = np.flatnonzero(~np.isfinite(result))
        result[bad] = 0
        return result, bad if len(bad) else None

    def _write(self, spec: BranchSpec, values: Array, result: Singles) -> None:
        low, high = spec.low, spec.high
        if low is None or high is None or low == high:
            np.copyto(result, values, casting="unsafe")
            return
        wide = self._wide[: len(values)]
        np.copyto(wide, values)
        if math.isinf(high - low):  # the difference of the largest doubles is not a double
            wide /= 4
            low, high = low / 4, high / 4
        wide -= low
        wide /= high - low
        np.copyto(result, wide, casting="same_kind")
