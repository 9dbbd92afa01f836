import sys

import numpy as np
import onnxruntime
import pytest

from mlaas4hep.adapters.runtimes.native import load as native
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.requests.fitting import Fitting
from mlaas4hep.core.requests.request import Resources
from tests.adapters.trainers.frameworks.contract import FrameworkContract
from tests.adapters.trainers.frameworks.estimators import (
    COMPOSED,
    FOREST,
    HANDING_ON,
    OWN,
    PIPELINE,
    STEPPING,
    STEPS,
    returning,
)


class TestSklearn(FrameworkContract):
    name = "sklearn"
    native = "model.pickle"
    models = {"binary": PIPELINE, "multiclass": FOREST, "regression": STEPS}
    wrong = {
        returning("SVC"): "returns the class SVC, not an estimator",
        returning("None"): "`model` returns nothing",
        returning("SVC(decision_function_shape='ovo')"): "a score for each pair of classes",
        returning("SVC(C='x')"): "The 'C' parameter of SVC must be",
        returning(
            "GridSearchCV(SVC(), {'C': [1]}, refit=False)",
            "from sklearn.svm import SVC\nfrom sklearn.model_selection import GridSearchCV",
        ): "ends with nothing that predicts",
        returning(
            "make_pipeline(StandardScaler, SVC())",
            "from sklearn.svm import SVC\nfrom sklearn.pipeline import make_pipeline\n"
            "from sklearn.preprocessing import StandardScaler",
        ): "Pipeline holds the class StandardScaler, not an estimator",
        returning(
            "BaggingClassifier(SVC)",
            "from sklearn.svm import SVC\nfrom sklearn.ensemble import BaggingClassifier",
        ): "BaggingClassifier holds the class SVC, not an estimator",
        returning("3"): r"returns an int, which has no `fit` and `predict`",
    }

    @pytest.mark.parametrize("epochs", [20])
    @pytest.mark.parametrize("text", [STEPPING, HANDING_ON])
    def test_a_classifier_that_learns_in_steps_knows_all_classes_first(self, train, text, epochs):
        training = train("multiclass", text, labels=(), params={"epochs": epochs}).finish()

        assert len(training.history) == epochs
        assert training.model.estimator.classes_.tolist() == [0, 1, 2]

    def test_a_sample_that_does_not_fit_into_memory_is_refused_before_it_starts(self, train):
        with pytest.raises(TrainingError, match=r"needs all 1000000000 entries .* 45\.0 GB"):
            train("binary", FOREST, entries=10**9, resources=Resources(memory_bytes=10**9))

    def test_keys_of_params_json_that_are_for_others_are_refused(self, train):
        with pytest.raises(TrainingError, match=r"callbacks is not for scikit-learn"):
            train("binary", params={"fitting": Fitting(callbacks=(("EarlyStopping", "{}"),))})

    @pytest.mark.parametrize(
        ("encoder", "others"),
        [
            ("OneHotEncoder", "'ignore'"),
            ("OrdinalEncoder", "'use_encoded_value', unknown_value=-1"),
        ],
    )
    def test_a_value_that_an_encoder_has_not_learned_is_told_with_the_cure(
        self, train, encoder, others
    ):
        imports = PIPELINE.partition("def")[0] + f"from sklearn.preprocessing import {encoder}"
        text = returning(f"make_pipeline({encoder}(), LogisticRegression())", imports)
        training = train("binary", text)

        with pytest.raises(TrainingError, match=f"^model.py: {encoder} .* unknown cat") as caught:
            training.finish()

        (warned,) = training.model.summary.warnings
        assert f"{encoder}(handle_unknown={others}) takes values" in caught.value.hint
        assert "has no prediction for an entry with a value that no entry had" in warned

    def test_neighbours_that_there_cannot_be_are_refused_before_anything_is_learned(self, train):
        imports = "from sklearn.neighbors import KNeighborsClassifier"
        text = returning("KNeighborsClassifier(1201)", imports)

        with pytest.raises(TrainingError, match=r"n_neighbors=1201\) .* the 1200 entries"):
            train("binary", text)

    def test_of_entries_that_are_counted_late_neighbours_are_refused_before_the_fit(self, train):
        imports = "from sklearn.neighbors import KNeighborsClassifier"
        training = train("binary", returning("KNeighborsClassifier(1000)", imports), entries=0)

        with pytest.raises(TrainingError, match=r"n_neighbors=1000\) .* the 846 entries"):
            training.finish()

    def test_a_class_of_ones_own_gets_the_epochs_that_it_takes(self, train):
        training = train("regression", OWN, params={"epochs": 7}).finish()

        assert training.model.estimator.epochs == 7
        assert len(training.history) == 1

    def test_a_class_of_ones_own_may_be_made_of_scikit_learns(self, train):
        imports = "from sklearn.base import BaseEstimator, RegressorMixin"
        text = imports + OWN.replace("class Mean:", "class Mean(RegressorMixin, BaseEstimator):")

        assert train("regression", text).finish().predictions()[1].std() > 0

    @pytest.mark.filterwarnings("ignore:The `probability` parameter")
    def test_scores_of_pairs_do_not_matter_where_there_are_probabilities(self, train):
        text = returning("SVC(decision_function_shape='ovo', probability=True)")

        scores = train("multiclass", text).finish().predictions()[1]

        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)

    def test_a_class_of_ones_own_is_kept_and_served_with_its_code(self, train, tmp_path):
        training = train("regression", OWN).finish()
        x = next(training.data.chunks([0])).x
        expected = x @ training.model.estimator.weights
        state = training.model.state()
        training.model.export(tmp_path, x)
        del sys.modules["model"]

        (entry,) = native.load(tmp_path, "model.pickle", "", "").values()
        training.model.restore(state)

        np.testing.assert_allclose(entry.run({"input": x})["scores"][:, 0], expected, rtol=1e-6)

    def test_a_classifier_without_probabilities_gives_numbers_between_0_and_1(self, train):
        training = train("binary", returning("LinearSVC()", "from sklearn.svm import LinearSVC"))

        labels, outputs = training.finish().predictions()

        assert 0 <= outputs.min() < outputs.max() <= 1
        assert np.mean((outputs[:, 0] > 0.5) == labels) > 0.9

    def test_a_vote_of_several_classes_gives_1_to_the_one_that_won(self, train):
        members = "[('a', LogisticRegression()), ('b', RidgeClassifier())]"
        imports = (
            "from sklearn.ensemble import VotingClassifier\n"
            "from sklearn.linear_model import LogisticRegression, RidgeClassifier"
        )

        training = train("multiclass", returning(f"VotingClassifier({members})", imports)).finish()

        labels, outputs = training.predictions()
        assert outputs.shape[1] == 3
        assert outputs.sum(axis=1).tolist() == [1.0] * len(labels)
        accuracy = np.mean(outputs.argmax(axis=1) == labels)
        assert training.history[-1]["val_accuracy"] == pytest.approx(accuracy)

    def test_stacked_estimators_are_estimators(self, train):
        imports = (
            "from sklearn.ensemble import StackingClassifier\n"
            "from sklearn.linear_model import LogisticRegression"
        )
        text = returning("StackingClassifier([('a', LogisticRegression())], cv=2)", imports)

        training = train("binary", text).finish()

        assert training.history[-1]["val_accuracy"] > 0.9

    @pytest.mark.parametrize(
        "text",
        ["MLPClassifier((4,), early_stopping=True)", "SGDClassifier(class_weight='balanced')"],
    )
    def test_what_cannot_be_done_in_steps_is_done_on_the_whole_sample(self, train, text):
        imports = (
            "from sklearn.linear_model import SGDClassifier\n"
            "from sklearn.neural_network import MLPClassifier"
        )

        training = train("binary", returning(text, imports)).finish()

        assert len(training.history) == training.model.rounds == 1

    def test_a_search_hands_weights_on(self, train):
        imports = (
            "from sklearn.model_selection import GridSearchCV\n"
            "from sklearn.linear_model import LogisticRegression\n"
            "from sklearn.pipeline import Pipeline"
        )
        pipeline = "Pipeline([('c', LogisticRegression())])"
        text = returning(f"GridSearchCV({pipeline}, {{'c__C': [0.1, 1]}}, cv=2)", imports)
        heavy = TrainingWeights(is_used=True, classes=((0.0, 1.0), (1.0, 30.0)))

        plain, weighted = (
            train("binary", text, **how).finish() for how in ({}, {"weights": heavy})
        )

        assert weighted.predictions()[1].mean() > plain.predictions()[1].mean() + 0.005

    def test_an_estimator_without_weights_is_refused_before_anything_is_read(self, train):
        text = returning(
            "KNeighborsClassifier()", "from sklearn.neighbors import KNeighborsClassifier"
        )

        with pytest.raises(TrainingError, match="KNeighborsClassifier takes no weights"):
            train("binary", text, weights=TrainingWeights(is_used=True))

    def test_what_learns_no_labels_is_told(self, train):
        text = returning("KMeans(2)", "from sklearn.cluster import KMeans")

        (told,) = train("binary", text).model.summary.warnings

        assert told.startswith("KMeans does not learn from labels")

    def test_columns_may_be_called_by_their_names(self, train):
        by = (
            "make_pipeline(ColumnTransformer([('a', StandardScaler(), [{}]),"
            " ('b', StandardScaler(), [{}])]), LogisticRegression())"
        )
        named, counted, unknown = (
            returning(by.format(*columns), COMPOSED)
            for columns in (("'pt'", "'jet[eta]'"), (0, 1), ("'jet_eta'", 1))
        )

        found = train("binary", named).finish().predictions()[1]

        np.testing.assert_array_equal(found, train("binary", counted).finish().predictions()[1])
        with pytest.raises(TrainingError, match="names the column 'jet_eta'") as caught:
            train("binary", unknown)
        assert "did you mean 'jet" in caught.value.hint

    def test_who_cannot_learn_with_negative_weights_is_told_the_cure(self, train):
        weights = TrainingWeights(is_used=True, classes=((0.0, -1.0),))
        text = returning("RidgeClassifier()", "from sklearn.linear_model import RidgeClassifier")

        with (
            pytest.warns(RuntimeWarning, match="sqrt"),
            pytest.raises(TrainingError, match="RidgeClassifier does not learn") as caught,
        ):
            train("binary", text, weights=weights).finish()

        assert "negative weights" in caught.value.hint

    @pytest.mark.parametrize(
        ("text", "task"),
        [
            ("HistGradientBoostingClassifier(max_iter=20)", "binary"),
            ("HistGradientBoostingClassifier(max_iter=20)", "multiclass"),
            ("HistGradientBoostingRegressor(max_iter=20)", "regression"),
            (
                "make_pipeline(StandardScaler(), LGBMClassifier(n_estimators=9, verbose=-1))",
                "binary",
            ),
            ("StackingRegressor([('x', XGBRegressor(n_estimators=9))], Ridge())", "regression"),
            (
                "RandomizedSearchCV(HistGradientBoostingClassifier(), {'max_iter': [3, 9]}, n_iter=1)",
                "binary",
            ),
            (
                "VotingClassifier([('a', LogisticRegression()), ('b', SGDClassifier(loss='log_loss'))], voting='soft')",
                "multiclass",
            ),
            (
                "VotingRegressor([('r', Ridge()), ('x', XGBRegressor(n_estimators=9))])",
                "regression",
            ),
            ("KMeans(3, random_state=1)", "regression"),  # has an output `scores` of its own
        ],
    )
    def test_trees_of_all_kinds_become_onnx_with_the_names_that_are_promised(
        self, train, text, task, tmp_path
    ):
        training = train(task, returning(text, COMPOSED)).finish()
        chunk = next(training.data.chunks([0]))
        block = Block(x=chunk.x, y=chunk.labels, order=np.arange(90, dtype=np.int32))

        exported = training.model.export(tmp_path, chunk.x[:60])

        assert [one.file for one in exported.conversions] == ["model.onnx"], exported.not_made
        session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
        assert [each.name for each in session.get_inputs()] == ["input"]
        assert [each.name for each in session.get_outputs()] == ["scores"]
        for rows in (90, 1):
            (given,) = session.run(None, {"input": chunk.x[:rows]})
            np.testing.assert_allclose(
                given, training.model.predict(block)[:rows], rtol=1e-5, atol=1e-5
            )
