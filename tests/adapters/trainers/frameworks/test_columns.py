"""Tables that learn several label columns: estimators that take 2-D labels, and trees of XGBoost."""

import numpy as np
import onnxruntime
import pytest
import xgboost
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier

from mlaas4hep.adapters.runtimes.native import load as native
from mlaas4hep.adapters.trainers.child.assessment import evaluation
from mlaas4hep.adapters.trainers.child.assessment.results import Results
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.requests.request import MetricsRequest
from tests.adapters.trainers.frameworks import columns
from tests.adapters.trainers.frameworks.estimators import OWN

FLAVOURS, VALUES = ("isB", "isC"), ("mass", "height")
IMPORTS = """
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import *
from sklearn.experimental import enable_halving_search_cv
from sklearn.linear_model import *
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV
from sklearn.multioutput import *
from sklearn.neural_network import *
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
"""


def sklearn(text):
    return "sklearn", f"{IMPORTS}\ndef model():\n    return {text}\n", "model.pickle"


def trees(text):
    return "xgboost", f"from xgboost import *\ndef model():\n    return {text}\n", "model.ubj"


FOREST = "RandomForestClassifier(40, min_samples_leaf=3, random_state=1)"
NETWORK = "MLPClassifier((32,), learning_rate_init=0.1, batch_size=20, random_state=2)"
SMALL = "n_estimators=40, max_depth=3, learning_rate=0.3"
#: (framework, model.py, native file), label columns, whether ONNX is written
CASES = {
    "forest": (sklearn(FOREST), FLAVOURS, True),
    "piped": (sklearn(f"make_pipeline(StandardScaler(), {FOREST})"), FLAVOURS, True),
    "each": (sklearn("MultiOutputClassifier(LogisticRegression())"), FLAVOURS, True),
    "steps": (
        sklearn("MultiOutputClassifier(SGDClassifier(loss='log_loss', random_state=3))"),
        FLAVOURS,
        True,
    ),
    "network": (sklearn(NETWORK), FLAVOURS, True),
    "chain": (sklearn("ClassifierChain(LogisticRegression())"), FLAVOURS, False),
    "searched": (sklearn(f"GridSearchCV({NETWORK}, {{'alpha': [1e-4]}})"), FLAVOURS, True),
    "vector": (sklearn("RandomForestRegressor(20, random_state=4)"), VALUES, True),
    "network of values": (
        sklearn("MLPRegressor(hidden_layer_sizes=(16,), learning_rate_init=0.02, random_state=5)"), VALUES, True,
    ),
    "own": (("sklearn", OWN, "model.pickle"), VALUES, False),
    "trees": (trees(f"XGBClassifier({SMALL})"), FLAVOURS, True),
    "trees side by side": (trees(f"XGBClassifier({SMALL}, num_parallel_tree=2)"), FLAVOURS, True),
    "trees of values": (trees(f"XGBRegressor({SMALL})"), VALUES, True),
    "trees of dart": (trees(f"XGBClassifier({SMALL}, booster='dart', rate_drop=0.4)"), FLAVOURS, True),
    "LightGBM for each": (
        sklearn(f"MultiOutputClassifier(LGBMClassifier({SMALL}, verbose=-1))"), FLAVOURS, True,
    ),
    "LightGBM for each value": (
        sklearn(f"MultiOutputRegressor(LGBMRegressor({SMALL}, verbose=-1))"), VALUES, True,
    ),
    "trees of vectors": (
        trees(f"XGBRegressor({SMALL}, multi_strategy='multi_output_tree')"), VALUES, False,
    ),
}  # fmt: skip


@pytest.fixture
def train(tmp_path):
    def train(case, names, **how):
        framework, text, _ = case
        how = {"params": {"epochs": 15, "metrics": MetricsRequest(wanted=True)}, **how}
        return columns.training(framework, tmp_path / "model.py", text, names, **how)

    return train


@pytest.mark.parametrize("case", CASES)
def test_each_label_has_figures_and_the_bundle_gives_what_was_learned(train, case, tmp_path):
    how, names, converts = CASES[case]
    training = train(how, names).finish()
    results = Results(training.model, training.job)
    results.collect(training.data.chunks(results.chunks))

    found = dict(evaluation.metrics(results.figures(training.labels)))

    for goal in training.labels.goals:
        if names == FLAVOURS:
            assert found[f"test_{goal.label}_auc"] > 0.88
        else:
            assert found[f"test_{goal.label}_rmse"] < 0.4
    assert training.model.summary.output_shape == (2,)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    block = columns.everything(training)
    exported = training.model.export(bundle, block.x[:100])
    expected = training.model.predict(block)
    (entry,) = native.load(bundle, how[2], "", "").values()
    np.testing.assert_array_equal(entry.run({"input": block.x})["scores"], expected)
    assert [one.file for one in exported.conversions] == ["model.onnx"] * converts
    if converts:
        session = onnxruntime.InferenceSession(bundle / "model.onnx")
        for rows in (block.x, block.x[:1]):
            (given,) = session.run(["scores"], {session.get_inputs()[0].name: rows})
            np.testing.assert_allclose(given, expected[: len(rows)], atol=1e-5)


def test_what_a_search_looks_for_says_whether_it_takes_several(train):
    text = "HalvingRandomSearchCV(MLPRegressor(), {'alpha': [1e-4]}, n_candidates=1)"

    training = train(sklearn(text), VALUES)

    assert [goal.label for goal in training.model.summary.goals] == [*VALUES]


def test_probabilities_are_those_of_scikit_learn_itself(train):
    training = train(CASES["forest"][0], FLAVOURS).finish()
    x, y = columns.gathered(training)

    forest = RandomForestClassifier(40, min_samples_leaf=3, random_state=1).fit(x, y.astype(int))

    block = columns.everything(training)
    expected = np.stack([each[:, 1] for each in forest.predict_proba(block.x)], axis=1)
    np.testing.assert_allclose(training.model.predict(block), expected, atol=1e-6)


def test_figures_of_a_round_are_means_over_labels(train):
    training = train(CASES["network"][0], FLAVOURS).finish()
    x, y = columns.gathered(training)
    network = training.model.estimator
    assert isinstance(network, MLPClassifier)

    p = network.predict_proba(x)

    told = training.history[-1]
    assert told["loss"] == pytest.approx(-np.mean(np.log(np.where(y > 0, p, 1 - p))), rel=1e-4)
    assert told["accuracy"] == pytest.approx(np.mean((p > 0.5) == (y > 0)), abs=1e-6)


def test_trees_are_those_of_xgboost_itself(train):
    training = train(CASES["trees of values"][0], VALUES).finish()
    x, y = columns.gathered(training)

    matrix = xgboost.QuantileDMatrix(x, y)
    booster = xgboost.train({"max_depth": 3, "learning_rate": 0.3, "seed": 21}, matrix, 40)

    block = columns.everything(training)
    np.testing.assert_allclose(
        training.model.predict(block), booster.inplace_predict(block.x), atol=0.05
    )


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (sklearn("LogisticRegression()"), "LogisticRegression learns one label here, and there"),
        (sklearn("make_pipeline(StandardScaler(), LinearSVC())"), "LinearSVC|Pipeline learns one"),
        (sklearn("GradientBoostingRegressor()"), "GradientBoostingRegressor learns one label"),
    ],
)
def test_what_takes_one_label_only_is_refused_at_once(train, case, says):
    with pytest.raises(TrainingError, match=says) as caught:
        train(case, FLAVOURS)

    assert "MultiOutputClassifier" in caught.value.hint


@pytest.mark.parametrize("case", ["forest", "steps", "network", "trees"])
def test_labels_that_a_classifier_of_several_cannot_learn_are_refused_by_column(train, case):
    with pytest.raises(TrainingError, match=r"label .* in column 'mass' does not fit a classifier"):
        train(CASES[case][0], ("isB", "mass")).finish()
    training = train(CASES[case][0], FLAVOURS)
    training.data._feed = columns.Columns(
        {"isB": columns.LABELS["isB"], "isC": lambda x: np.ones(len(x))}
    )

    with pytest.raises(TrainingError, match="all entries have label 1 in column 'isC'"):
        training.finish()


def test_an_estimator_that_gives_another_number_of_values_is_refused(train):
    text = OWN.replace("x @ self.weights", "(x @ self.weights)[:, :1]")

    with pytest.raises(TrainingError, match="Mean gives 1 numbers for an entry, and there are 2"):
        train(("sklearn", text, ""), VALUES).finish()
