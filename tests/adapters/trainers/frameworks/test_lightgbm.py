import importlib

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
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
        returning("LGBMClassifier"): "returns the class LGBMClassifier, not a model of LightGBM",
        returning("dict()"): "returns a dict, not a model of LightGBM",
        returning("LGBMClassifier(class_weight='balanced')"): "class_weight is not used here",
        returning("LGBMRegressor(objective=lambda y, p: (y, p))"): "must be a name, not a function",
        returning("LGBMClassifier(categorical_feature=[2])"): "is scaled as numbers are",
        returning("LGBMClassifier(categorical_feature='name:pz')"): "the column 'pz', and there is",
        returning("LGBMClassifier(num_leave=7)"): "has no parameter 'num_leave'",
        returning("LGBMClassifier(num_iterations=0)"): "learns nothing",
        returning("LGBMClassifier(num_leaves=1)"): "LightGBM: .*num_leaves",
        returning("LGBMClassifier(objective='multiclass', num_class=2)"): "there are two",
        returning("LGBMRanker()"): "ranks the entries of a group",
        returning("LGBMClassifier(raw_score=True)"): "raw_score is about predictions",
        returning("LGBMClassifier(metric='ouch')"): "has no metric 'ouch'",
        returning("LGBMClassifier(ignore_feature='pt')"): "ignore_feature is about files",
        returning("LGBMClassifier(boosting_type='dart', early_stopping_round=3)"): "rounds of DART",
    }

    @pytest.mark.parametrize(
        ("objective", "label", "due"),
        [("binary", 2.5, "0 or 1"), ("gamma", 0, "more than 0"), ("cross_entropy", 2, "0 to 1")],
    )
    def test_a_value_that_an_objective_cannot_compare_is_named(self, train, objective, label, due):
        model = train("regression", returning(f"LGBMRegressor(objective={objective!r})")).model

        with pytest.raises(TrainingError, match=f"label {label:g} does not fit .* must be {due}"):
            model.check_labels(np.array([1.0, label], np.float32))

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

    def test_leaves_with_linear_models_are_compared_with_the_values_that_validate(self, train):
        text = returning("LGBMRegressor(n_estimators=9, linear_tree=True, num_leaves=4)")

        training = train("regression", text).finish()

        labels, outputs = training.predictions()
        assert training.history[-1]["val_loss"] == pytest.approx(
            np.mean((outputs[:, 0] - labels) ** 2), rel=1e-5
        )

    def test_stopping_early_needs_entries_that_validate(self, train):
        text = returning("LGBMClassifier(early_stopping_rounds=5)")

        with pytest.raises(TrainingError, match=r"early_stopping_round watches .* split is 0"):
            train("binary", text, params={"split": 0.0})

    def test_a_round_that_is_hardly_better_does_not_count_as_better(self, train):
        stop = "learning_rate=0.5, early_stopping_round=5, early_stopping_min_delta=0.05"

        training = train("binary", returning(f"LGBMClassifier(n_estimators=500, {stop})")).finish()

        best, losses = 0, [metrics["val_loss"] for metrics in training.history]
        for number, loss in enumerate(losses):
            best = number if loss < losses[best] - 0.05 else best
        assert len(losses) == best + 5 + 1
        assert training.model._booster.num_trees() == best + 1

    def test_any_of_lightgbms_names_says_how_many_rounds_there_are(self, train):
        training = train("binary", returning("LGBMClassifier(num_boost_round=4)")).finish()

        assert len(training.history) == 4

    def test_without_a_number_of_rounds_there_are_lightgbms_100(self, train):
        text = returning("LGBMClassifier(n_estimators=None, num_leaves=4)")

        assert train("binary", text).model.rounds == 100

    def test_what_grows_with_quality_is_not_called_a_loss(self, train):
        text = returning("LGBMClassifier(n_estimators=3, metric=['auc', 'binary_logloss'])")

        last = train("binary", text).finish().history[-1]

        assert set(last) == {"auc", "loss", "val_auc", "val_loss"}
        assert last["loss"] < 0.6 < last["auc"]

    def test_zeros_that_would_be_missing_are_told(self, train):
        text = returning("LGBMClassifier(zero_as_missing=True)")

        (told,) = train("binary", text).model.summary.warnings

        assert "0 is the smallest value of a branch" in told

    def test_a_converted_file_that_differs_for_missing_values_alone_is_not_kept(
        self, train, tmp_path
    ):
        made = "LGBMClassifier(n_estimators=9, zero_as_missing=True)"
        training = train("binary", returning(made)).finish()
        x = next(training.data.chunks([0])).x
        inner = x[(x > 0).all(axis=1)][:100]  # neither 0 nor missing

        (told,) = training.model.export(tmp_path, inner).not_made

        assert (told.file, told.reason[:8]) == ("model.onnx", "it diffe")

    @pytest.mark.parametrize(
        ("more", "told"), [("", 1), (", n_jobs=3", 0), (", stochastic_rounding=False", 0)]
    )
    def test_trees_that_depend_on_the_number_of_threads_are_told(self, train, more, told):
        text = returning(f"LGBMClassifier(use_quantized_grad=True{more})")

        warnings = train("binary", text).model.summary.warnings

        assert ["number) or stochastic_rounding=False" in each for each in warnings] == [
            True
        ] * told

    @pytest.mark.parametrize("more", [{"n_jobs": 3}, {"stochastic_rounding": False}])
    def test_trees_of_rounded_gradients_are_those_of_lightgbms_own_fit(self, train, more):
        arguments = {"n_estimators": 9, "use_quantized_grad": True, **more}
        training = train("binary", returning(f"LGBMClassifier(**{arguments})")).finish()
        blocks = [
            (block.x[block.order], block.y[block.order]) for block in training.data.training()
        ]
        x, y = (np.concatenate(each) for each in zip(*blocks, strict=True))

        own = importlib.import_module("lightgbm").LGBMClassifier(
            **arguments, random_state=training.job.params.seed, verbosity=-1
        )
        own.fit(x, y)

        rows = np.concatenate([block.x[block.order] for block in training.data.validation()])
        given = training.predictions()[1][:, 0]
        np.testing.assert_allclose(given, own.predict_proba(rows)[:, 1], rtol=1e-6)
