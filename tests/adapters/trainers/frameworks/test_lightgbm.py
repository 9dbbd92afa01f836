import numpy as np

from tests.adapters.trainers.frameworks.contract import FrameworkContract


def returning(text):
    return f"from lightgbm import *\nimport lightgbm\ndef model():\n    return {text}\n"


SMALL = "n_estimators=30, num_leaves=7, learning_rate=0.3, subsample=0.8, subsample_freq=1"


class TestLightgbm(FrameworkContract):
    name = "lightgbm"
    native = "model.txt"
    models = {
        "binary": returning(f"LGBMClassifier({SMALL})"),
        "multiclass": returning(f"LGBMClassifier({SMALL})"),
        "regression": returning(f"LGBMRegressor({SMALL})"),
    }
    wrong = {
        returning("LGBMClassifier"): "returns a LGBMClassifier, not a LightGBM model",
        returning("dict()"): "returns a dict, not a LightGBM model",
        returning("LGBMClassifier(class_weight='balanced')"): "class_weight is not used here",
        returning("LGBMRegressor(objective=lambda y, p: (y, p))"): "must be a name, not a function",
    }

    def test_missing_values_stay_missing(self, train):
        assert np.isnan(next(train("binary").data.chunks([0])).x[:, 3]).sum() == 40

    def test_it_stops_when_the_validation_becomes_no_better_and_goes_back_to_the_best(self, train):
        text = returning(
            "LGBMClassifier(n_estimators=500, learning_rate=0.5, early_stopping_round=5)"
        )

        training = train("binary", text).finish()

        losses = [metrics["val_loss"] for metrics in training.history]
        best = int(np.argmin(losses))
        assert len(losses) == best + 5 + 1
        assert training.model._booster.num_trees() == best + 1
