"""LightGBM as a `Framework`."""

import lightgbm

from mlaas4hep.adapters.trainers.boosted import BoostingFramework
from mlaas4hep.adapters.trainers.lightgbm.model import LightgbmModel

FRAMEWORK = BoostingFramework(
    title="LightGBM",
    library=lightgbm,
    estimator=lightgbm.LGBMModel,
    usual="LGBM",
    model=LightgbmModel,
)
