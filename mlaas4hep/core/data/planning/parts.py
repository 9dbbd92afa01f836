"""The part of each entry, if a person says it: whether it validates, or its fold."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.planning.splitting import Splitting

Parts = NDArray[np.uint8]  #: 1: the entry validates; or the number of its fold


def parts_of_values(splitting: Splitting, values: Array) -> Parts:
    """Return the part of each entry from the values of the expression that splits, all finite."""
    if splitting.folds:
        return folds_of(values, splitting.folds)
    return np.asarray(values != 0).astype(np.uint8)


def folds_of(values: NDArray[Any], folds: int) -> Parts:
    """Return the fold of each entry from the values of `fold_by`."""
    whole: NDArray[Any] = values if values.dtype.kind in "iu" else np.floor(values)
    found: NDArray[Any] = np.mod(whole, folds)
    return found.astype(np.uint8)
