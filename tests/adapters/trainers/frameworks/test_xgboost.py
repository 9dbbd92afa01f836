import numpy as np
import pytest
import xgboost

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.data.weighting import TrainingWeights
from tests.adapters.trainers.frameworks.contract import FrameworkContract


def returning(text):
    return f"from xgboost import *\nimport xgboost\ndef model():\n    return {text}\n"


SMALL = "n_estimators=30, max_depth=3, learning_rate=0.3, subsample=0.8, colsample_bytree=0.7"


class TestXgboost(FrameworkContract):
    name = "xgboost"
    native = "model.ubj"
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

    def test_weights_are_those_of_xgboost_itself(self, train):
        factors = ((0.0, 0.5), (1.0, 3.0))
        text = returning("XGBClassifier(n_estimators=8, max_depth=3)")
        training = train(
            "binary", text, weights=TrainingWeights(is_used=True, classes=factors)
        ).finish()

        blocks = list(training.data.training())
        x = np.concatenate([block.x[block.order] for block in blocks])
        y = np.concatenate([block.y[block.order] for block in blocks])
        given = np.where(y > 0.5, 3.0, 0.5)
        matrix = xgboost.QuantileDMatrix(x, y, weight=given)
        booster = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 3, "seed": 21}, matrix, 8
        )
        expected = booster.inplace_predict(x)
        got = np.concatenate([training.model.predict(block)[:, 0] for block in blocks])
        np.testing.assert_allclose(got, expected, atol=0.02)

    def test_negative_weights_are_refused_with_the_cure(self, train):
        factors = ((0.0, -1.0),)

        with pytest.raises(TrainingError, match="does not take negative weights") as caught:
            train("binary", weights=TrainingWeights(is_used=True, classes=factors)).finish()
        assert "abs" in caught.value.hint
