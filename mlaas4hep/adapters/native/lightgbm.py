"""What the trees of LightGBM give for entries."""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from mlaas4hep.adapters.native.nativemodel import Floats, NativeModel

_END = b"\nend of trees\n"


def scores(booster: Any, x: Floats) -> Floats:
    """Return probabilities, shape (n, 1) for two classes; values for regressors."""
    return np.asarray(booster.predict(x), np.float32).reshape(len(x), -1)


def load(path: Path) -> NativeModel:
    """Return what the trees in a file compute.

    Raises:
        ValueError: its end is missing; LightGBM would end the process.
    """
    if _END not in path.read_bytes():
        raise ValueError("the end of the trees is missing")
    booster = lightgbm.Booster(model_file=path)
    return NativeModel(scores=lambda rows: scores(booster, rows), columns=booster.num_feature())
