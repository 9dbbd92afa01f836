"""`NativeModel`: a model in its framework's own file, as predictions use it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class NativeModel:
    """What computes scores, and what is known of it."""

    scores: Callable[[Floats], Floats]  #: shape (n, columns) in, (n, outputs) out
    columns: int = 0  #: that a row must have; 0: nobody knows
    classes: tuple[str, ...] = ()  #: the class that each score of a row is for, if they have names

    def outputs(self) -> int:
        """Return how many scores a row of zeros gets; 0: its columns are unknown, or it gets none."""
        if not self.columns:
            return 0
        try:
            given = self.scores(np.zeros((1, self.columns), np.float32))
        except Exception:  # noqa: BLE001 - somebody's program, which may refuse zeros
            return 0
        return int(given.shape[1])
