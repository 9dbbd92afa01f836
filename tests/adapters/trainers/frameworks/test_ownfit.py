"""What XGBoost and LightGBM give by their own `fit` on the same rows is what a training gives."""

import importlib

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.loading import installed
from mlaas4hep.core.data import weights
from mlaas4hep.core.data.weighting import TrainingWeights
from tests.adapters.trainers.frameworks.trainings import Training

EQUAL = TrainingWeights()
LEARNED = TrainingWeights(is_used=True, learned=((0.0, 1.0), (1.0, 5.0)))
BALANCED = TrainingWeights(is_used=True, classes=((0.0, 0.5), (1.0, 2.0)))
STOPS = "learning_rate=0.9, early_stopping_round"

#: framework, task, the estimator, weights; nobody says beforehand how many classes there are
CASES = [
    ("xgboost", "binary", "XGBClassifier(max_bin=9)", EQUAL),
    ("xgboost", "multiclass", "XGBClassifier(max_bin=700)", EQUAL),
    ("xgboost", "multiclass", "XGBClassifier(eval_metric=['merror', 'mlogloss'])", BALANCED),
    ("xgboost", "binary", f"XGBClassifier(eval_metric='error@0.7', {STOPS}s=3)", LEARNED),
    ("xgboost", "regression", f"XGBRegressor(eval_metric=[], {STOPS}s=3)", EQUAL),
    ("xgboost", "binary", "XGBClassifier(booster='dart', rate_drop=0.4)", EQUAL),
    ("xgboost", "binary", "XGBRFClassifier()", BALANCED),
    ("xgboost", "regression", "XGBRegressor(objective='reg:absoluteerror')", EQUAL),
    ("lightgbm", "binary", "LGBMClassifier()", LEARNED),
    ("lightgbm", "binary", f"LGBMClassifier({STOPS}=3)", LEARNED),
    ("lightgbm", "multiclass", f"LGBMClassifier(metric='multi_error', {STOPS}=3)", BALANCED),
    ("lightgbm", "multiclass", "LGBMClassifier(metric='multi_logloss')", EQUAL),
    ("lightgbm", "binary", "LGBMClassifier(max_bin=9, force_col_wise=True)", EQUAL),
    ("lightgbm", "regression", "LGBMRegressor(boosting_type='dart')", EQUAL),
    ("lightgbm", "regression", "LGBMRegressor(objective='quantile', alpha=0.9)", BALANCED),
]


@pytest.fixture
def train(tmp_path):
    def train(framework, task, made, how=EQUAL):
        if framework not in installed():
            pytest.skip(f"{framework} is not installed")
        text = f"from {framework} import *\ndef model():\n    return {made}\n"
        return Training(framework, tmp_path / "model.py", text, task, labels=(), weights=how)

    return train


def fed(blocks, how, *, learns):
    """Return inputs, labels and weights as `fit` takes them."""
    taken = [(block.x[block.order], block.y[block.order]) for block in blocks]
    x, y = (np.concatenate(each) for each in zip(*taken, strict=True))
    return x, y, weights.of_loss(how, None, y, learns=learns)


@pytest.mark.parametrize(("framework", "task", "made", "how"), CASES)
def test_predictions_are_those_of_the_librarys_own_fit(train, framework, task, made, how):
    training = train(framework, task, made, how).finish()

    own = eval(made, vars(importlib.import_module(framework)))
    own.set_params(random_state=training.job.params.seed)
    x, y, learned = fed(training.data.training(), how, learns=True)
    others, truth, tested = fed(training.data.validation(), how, learns=False)
    own.fit(x, y, sample_weight=learned, **watching(framework, others, truth, tested))
    right = own.predict(others) if task == "regression" else own.predict_proba(others)
    given = training.predictions()[1]
    right = right[:, 1:] if task == "binary" else right.reshape(given.shape)
    np.testing.assert_allclose(given, right, atol=1e-6)


def watching(framework, x, y, weights):
    """Return what validates under the names that `fit` has for it."""
    weights = None if weights is None else [weights]
    if framework == "lightgbm":
        return {"eval_X": (x,), "eval_y": (y,), "eval_sample_weight": weights}
    return {"eval_set": [(x, y)], "sample_weight_eval_set": weights, "verbose": False}


@pytest.mark.parametrize(
    ("framework", "made"),
    [
        ("xgboost", "XGBClassifier(eval_metric='mlogloss')"),
        ("lightgbm", "LGBMClassifier(metric='multi_logloss', verbosity=-1)"),
    ],
)
def test_a_figure_of_more_classes_than_entries_have_is_refused_in_words(train, framework, made):
    with pytest.raises(TrainingError, match=r"model\.py: (XGBoost|LightGBM): .+") as refused:
        train(framework, "binary", made).finish()

    assert "documentation of parameters" in refused.value.hint
