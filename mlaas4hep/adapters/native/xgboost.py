"""What the trees of XGBoost give for entries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def scores(booster: Any, x: Floats) -> Floats:
    """Return probabilities, shape (n, 1) for two classes; values for regressors."""
    return np.asarray(booster.inplace_predict(x), np.float32).reshape(len(x), -1)


def load(path: Path) -> Callable[[Floats], Floats]:
    """Return what the trees in a file compute."""
    booster = xgboost.Booster(model_file=path)
    booster.feature_names = None  # rows have no names
    return lambda rows: scores(booster, rows)
