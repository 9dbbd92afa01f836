"""XGBoost as a `Framework`."""

import xgboost

from mlaas4hep.adapters.trainers.boosted import BoostingFramework
from mlaas4hep.adapters.trainers.xgboost.model import XgboostModel

FRAMEWORK = BoostingFramework(
    title="XGBoost", library=xgboost, estimator=xgboost.XGBModel, usual="XGB", model=XgboostModel
)
