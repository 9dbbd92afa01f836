import numpy as np
import pytest
import xgboost

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.data.weighting import TrainingWeights
from tests.adapters.trainers.frameworks.columns import gathered
from tests.adapters.trainers.frameworks.contract import FrameworkContract
from tests.adapters.trainers.frameworks.folds import FOLDS, Folded, trained_and_taken_up
from tests.adapters.trainers.frameworks.trainings import Chunks


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
        returning("XGBClassifier"): "returns the class XGBClassifier, not a model of XGBoost",
        returning("dict()"): "returns a dict, not a model of XGBoost",
        returning("XGBRegressor(objective=lambda y, p: (y, p))"): "must be names, not functions",
        returning("XGBClassifier(max_depth='deep')"): "XGBoost: Invalid Parameter .* max_depth",
        returning(
            "XGBClassifier(callbacks=[xgboost.callback.EarlyStopping(rounds=3)])"
        ): "are not called here",
        returning("XGBClassifier(feature_types=['q', 'c', 'q', 'q'])"): "is scaled as numbers are",
        returning("XGBClassifier(n_estimators=0)"): "n_estimators=0 learns nothing",
        returning("XGBClassifier(booster='gblinear')"): "gblinear has no trees",
        returning("XGBClassifier(objective='multi:softprob', num_class=2)"): "there are two",
        returning("XGBRanker()"): "ranks the entries of a group",
        returning("XGBClassifier(booster='dart', early_stopping_rounds=3)"): "rounds of DART",
        returning("XGBRegressor(objective='survival:aft')"): "a lower and an upper label",
        returning("XGBRegressor(objective='survival:cox')"): "gives hazards",
        returning("XGBClassifier(feature_weights=[1, 2])"): "has 2 values, and there are 4 columns",
    }

    def test_groups_of_columns_may_be_numbers_or_names(self, train):
        made = "XGBClassifier(n_estimators=9, interaction_constraints={})"
        groups = [[0, 1], [2, 3]], [["pt", "jet_eta_"], ["jet_eta", "m__b"]]

        trained = [train("binary", returning(made.format(each))).finish() for each in groups]

        by_number, by_name = (each.model._booster.trees_to_dataframe() for each in trained)
        assert by_number.equals(by_name)
        for _, tree in by_number.groupby("Tree"):
            used = set(tree["Feature"]) - {"Leaf"}
            assert used <= {"pt", "jet_eta_"} or used <= {"jet_eta", "m__b"}

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

    def test_folds_tell_the_figures_of_the_rounds_that_their_models_go_back_to(
        self, train, tmp_path
    ):
        text = returning(
            "XGBClassifier(n_estimators=500, max_depth=6, learning_rate=0.5, "
            "early_stopping_rounds=5)"
        )
        params = {"splitting": Splitting(folds=FOLDS)}

        def make():
            return Folded(train("binary", text, params=params), Chunks("binary"))

        whole, history, resumed = trained_and_taken_up(make, tmp_path / "c.npz")

        losses = [[e["val_loss"] for e in history if e["fold"] == fold] for fold in range(FOLDS)]
        assert all(min(each) < each[-1] for each in losses)
        assert whole.model.kept_metrics()["val_loss"] == np.mean([min(each) for each in losses])
        assert resumed.model.kept_metrics() == whole.model.kept_metrics()

    def test_stopping_early_needs_entries_that_validate(self, train):
        text = returning("XGBClassifier(early_stopping_rounds=5)")

        with pytest.raises(TrainingError, match=r"early_stopping_rounds watches .* split is 0"):
            train("binary", text, params={"split": 0.0})

    @pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
    def test_trees_of_dart_become_onnx(self, train, task, tmp_path):
        made = self.models[task].replace("(n_", "(booster='dart', rate_drop=0.4, n_")
        training = train(task, made).finish()
        x = next(training.data.chunks([0])).x[:100]

        exported = training.model.export(tmp_path, x)

        assert [each.file for each in exported.conversions] == ["model.onnx"]

    def test_columns_are_drawn_as_often_as_their_weights_say(self, train):
        how = "n_estimators=8, max_depth=2, colsample_bynode=0.25, feature_weights=[0, 0, 1, 0]"

        training = train("binary", returning(f"XGBClassifier({how})")).finish()

        assert set(training.model._booster.get_score()) == {"jet_eta"}

    def test_a_column_that_is_not_there_is_refused_with_those_that_are(self, train):
        text = returning("XGBClassifier(monotone_constraints={'jet[eta]': 1})")

        with pytest.raises(TrainingError, match="Constrained features") as refused:
            train("binary", text)
        assert refused.value.hint == "columns are called pt, jet_eta_, jet_eta, m__b"

    @pytest.mark.parametrize(
        ("objective", "label", "due"),
        [
            ("reg:logistic", 1.5, "0 to 1"),
            ("count:poisson", -1, "0 or more"),
            ("reg:squaredlogerror", -2, "more than -1"),
            ("binary:hinge", 0.5, "0 or 1"),
        ],
    )
    def test_a_value_that_an_objective_cannot_compare_is_named(self, train, objective, label, due):
        model = train("regression", returning(f"XGBRegressor(objective={objective!r})")).model

        with pytest.raises(TrainingError, match=f"label {label:g} does not fit .* must be {due}"):
            model.check_labels(np.array([0.0, label], np.float32))

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

        x, y = gathered(training)
        given = np.where(y > 0.5, 3.0, 0.5)
        matrix = xgboost.QuantileDMatrix(x, y, weight=given)
        booster = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 3, "seed": 21}, matrix, 8
        )
        expected = booster.inplace_predict(x)
        blocks = training.data.training()
        got = np.concatenate([training.model.predict(block)[:, 0] for block in blocks])
        np.testing.assert_allclose(got, expected, atol=0.02)

    @pytest.mark.parametrize("method", ["hist", "exact"])
    def test_negative_weights_are_refused_with_the_cure(self, train, method):
        weights = TrainingWeights(is_used=True, classes=((0.0, -1.0),))
        text = returning(f"XGBClassifier(n_estimators=8, tree_method={method!r})")

        with pytest.raises(TrainingError, match="does not take negative weights") as caught:
            train("binary", text, weights=weights).finish()
        assert "abs" in caught.value.hint

    @pytest.mark.parametrize("method", ["exact", "approx"])
    def test_methods_that_need_all_values_get_them(self, train, method):
        text = returning(f"XGBClassifier(n_estimators=8, tree_method={method!r})")
        training = train("binary", text).finish()

        x, y = gathered(training)
        how = {"objective": "binary:logistic", "tree_method": method, "seed": 21}
        expected = xgboost.train(how, xgboost.DMatrix(x, y), 8).inplace_predict(x)
        blocks = training.data.training()
        got = np.concatenate([training.model.predict(block)[:, 0] for block in blocks])
        np.testing.assert_allclose(got, expected, rtol=1e-6)

    def test_quantiles_are_as_many_numbers_as_there_are(self, train):
        how = "objective='reg:quantileerror', quantile_alpha=[0.16, 0.5, 0.84]"
        training = train("regression", returning(f"XGBRegressor(n_estimators=5, {how})"))

        assert training.model.summary.output_shape == (3,)
        assert training.finish().predictions()[1].shape[1] == 3

    def test_what_grows_with_quality_is_not_called_a_loss(self, train):
        text = returning("XGBClassifier(n_estimators=3, eval_metric=['auc', 'logloss'])")

        last = train("binary", text).finish().history[-1]

        assert set(last) == {"auc", "loss", "val_auc", "val_loss"}
        assert last["loss"] < 0.5 < last["auc"]

    @pytest.mark.parametrize("metric", ["mape", "mphe"])
    def test_an_error_is_a_loss_though_its_name_begins_as_that_of_a_quality(self, train, metric):
        text = returning(
            f"XGBRegressor(n_estimators=40, eval_metric={metric!r}, early_stopping_rounds=3)"
        )

        losses = [round_["val_loss"] for round_ in train("regression", text).finish().history]

        assert losses[3] < losses[0]
        assert len(losses) > 4

    def test_arguments_that_do_nothing_are_told(self, train):
        text = returning("XGBClassifier(learning_rat=0.1, missing=-999.0)")

        unused, missing = train("binary", text).model.summary.warnings

        assert unused == 'XGBoost: Parameters: { "learning_rat" } are not used.'
        assert '"missing": [-999] in params.json' in missing

    def test_classes_with_a_gap_are_refused_before_anything_is_read(self, train):
        with pytest.raises(TrainingError, match="no training entry has label 0") as caught:
            train("binary", labels=(1.0, 2.0))

        assert "(id == 13) + 2 * (id == 15)" in caught.value.hint
