"""What the trees of XGBoost give for entries."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from mlaas4hep.adapters.native import ubjson
from mlaas4hep.adapters.native.nativemodel import Floats, NativeModel


def scores(booster: Any, x: Floats) -> Floats:
    """Return probabilities, shape (n, 1) for two classes; values for regressors."""
    return np.asarray(booster.inplace_predict(x), np.float32).reshape(len(x), -1)


def load(path: Path) -> NativeModel:
    """Return what the trees in a file compute.

    Of a training that stopped early they are those up to its best round, as XGBClassifier and
    XGBRegressor use them; a Booster by itself would use all.

    Raises:
        ValueError: there are no trees, or the file is none of XGBoost.
    """
    ubjson.check(path.read_bytes())
    booster = xgboost.Booster(model_file=path)
    if json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "gblinear":
        raise ValueError("gblinear has no trees, which are what is served")
    booster.feature_names = None  # rows have no names
    best = booster.attr("best_iteration")
    if best is not None and int(best) + 1 < booster.num_boosted_rounds():
        booster = booster[: int(best) + 1]
    return NativeModel(scores=lambda rows: scores(booster, rows), columns=booster.num_features())
