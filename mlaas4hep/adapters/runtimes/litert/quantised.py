"""Integers of a quantised model to the numbers they stand for, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation:
    """number = scale * (integer - zero point)."""

    dtype: np.dtype[Any]  #: of the integers
    scale: float
    zero_point: int

    def integers(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the nearest integers; numbers beyond the ends become the ends.

        Raises:
            ValueError: no integer stands for NaN.
        """
        if np.isnan(numbers).any():
            raise ValueError("the model is quantised, and no integer of it stands for NaN")
        limits = np.iinfo(self.dtype)
        with np.errstate(over="ignore"):
            scaled = np.rint(numbers / np.float32(self.scale)) + self.zero_point
        integers: NDArray[Any] = np.clip(scaled, limits.min, limits.max).astype(self.dtype)
        return integers

    def numbers(self, integers: NDArray[Any]) -> NDArray[np.float32]:
        """Return what integers stand for."""
        return np.float32(self.scale) * (integers.astype(np.float32) - np.float32(self.zero_point))


def quantisation(detail: dict[str, Any]) -> Quantisation | None:
    """Return how a tensor is quantised; None: it holds numbers as they are."""
    scale, zero_point = detail["quantization"]
    dtype = np.dtype(detail["dtype"])
    if not scale or dtype.kind not in "iu":
        return None
    return Quantisation(dtype=dtype, scale=float(scale), zero_point=int(zero_point))
