import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from tests.adapters.trainers.frameworks.contract import FrameworkContract


def returning(text):
    return f"from xgboost import *\nimport xgboost\ndef model():\n    return {text}\n"


SMALL = "n_estimators=30, max_depth=3, learning_rate=0.3, subsample=0.8, colsample_bytree=0.7"


class TestXgboost(FrameworkContract):
    name = "xgboost"
    models = {
        "binary": returning(f"XGBClassifier({SMALL})"),
        "multiclass": returning(f"XGBClassifier({SMALL})"),
        "regression": returning(f"XGBRegressor({SMALL})"),
    }
    wrong = {
        returning("XGBClassifier"): "returns a XGBClassifier, not an XGBoost model",
        returning("dict()"): "returns a dict, not an XGBoost model",
        returning("XGBRegressor(objective=lambda y, p: (y, p))"): "must be names, not functions",
    }

    def test_missing_values_stay_missing(self, train):
        training = train("binary")

        chunk = next(training.data.chunks([0]))

        assert np.isnan(chunk.x[:, 3]).sum() == 40
        assert not np.isnan(chunk.x[:, :3]).any()

    def test_it_stops_when_the_validation_becomes_no_better_and_goes_back_to_the_best(self, train):
        text = returning(
            "XGBClassifier(n_estimators=500, max_depth=6, learning_rate=0.5, "
            "early_stopping_rounds=5, eval_metric=['logloss', 'auc'])"
        )

        training = train("binary", text).finish()

        areas = [metrics["val_auc"] for metrics in training.history]
        best = int(np.argmax(areas))
        assert len(areas) == best + 5 + 1
        assert training.model._booster.num_boosted_rounds() == best + 1

    def test_features_are_called_as_the_columns(self, train):
        training = train("binary").finish()

        assert training.model._booster.feature_names == ["pt", "jet_eta_", "jet_eta", "m__b"]

    def test_the_parameters_are_checked_by_xgboost(self, train):
        with pytest.raises((TrainingError, ValueError), match="max_depth"):
            train("binary", returning("XGBClassifier(max_depth='deep')")).finish()
