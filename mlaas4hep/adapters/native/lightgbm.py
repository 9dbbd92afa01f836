"""What the trees of LightGBM give for entries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_END = b"\nend of trees\n"


def scores(booster: Any, x: Floats) -> Floats:
    """Return probabilities, shape (n, 1) for two classes; values for regressors."""
    return np.asarray(booster.predict(x), np.float32).reshape(len(x), -1)


def load(path: Path) -> Callable[[Floats], Floats]:
    """Return what the trees in a file compute.

    Raises:
        ValueError: its end is missing; LightGBM would end the process.
    """
    if _END not in path.read_bytes():
        raise ValueError("the end of the trees is missing")
    booster = lightgbm.Booster(model_file=path)
    return lambda rows: scores(booster, rows)
