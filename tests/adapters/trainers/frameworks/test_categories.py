"""Columns of categories: trees of every library give what the library gives for the same rows."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.requests.frameworks import info
from tests.adapters.trainers.frameworks.trainings import CHUNKS, ENTRIES, Training

KINDS = 9
EFFECTS = np.random.default_rng(8).normal(size=KINDS)
NAMES = ("pt", "eta", "mass", "process")
PROCESS = 3  #: its column


def make_chunk(index, spoilt):
    random = np.random.default_rng([index, 9])
    x = random.random((ENTRIES, len(NAMES)), dtype=np.float32)
    x[:, PROCESS] = random.integers(0, KINDS, ENTRIES)
    labels = x[:, 0] + EFFECTS[x[:, PROCESS].astype(int)] > np.median(EFFECTS) + 0.5
    holes = np.arange(5, ENTRIES, 17) * len(NAMES) + PROCESS
    x.reshape(-1)[holes] = 0
    x[-1, PROCESS] += 0.5 if spoilt and index else 0
    return decode(encode(x, labels.astype(np.float32), holes=holes))


class Chunks:
    def __init__(self, *, spoilt=False):
        self._chunks = [make_chunk(index, spoilt) for index in range(CHUNKS)]

    def chunks(self, indices):
        for index in indices:
            yield index, self._chunks[index]


@pytest.fixture
def train(tmp_path):
    """Return a function that trains what model.py says, all of it without validation."""

    def train(framework, made, categories=(PROCESS,), **feed):
        pytest.importorskip(info(framework).needs)
        packages = "from sklearn.ensemble import *\nfrom lightgbm import *\nfrom xgboost import *\n"
        text = f"{packages}\ndef model():\n    return {made}\n"
        how = {"names": NAMES, "categories": categories, "params": {"split": 0, "shuffle": False}}
        training = Training(framework, tmp_path / "model.py", text, "binary", **how)
        feed = Chunks(**feed)
        training.data = TrainingData(feed, training.model, training.labels, training.job)
        return training.finish()

    return train


def rows_of(training):
    blocks = list(training.data.training())
    x = np.concatenate([block.x[block.order] for block in blocks])
    return x, np.concatenate([block.y[block.order] for block in blocks]), blocks


def lightgbm_itself(**how):
    from lightgbm import LGBMClassifier

    made = LGBMClassifier(n_estimators=20, verbose=-1, deterministic=True, force_row_wise=True)
    made.set_params(**how)
    return lambda x, y: made.fit(x, y, categorical_feature=[PROCESS]).predict_proba(x)[:, 1]


def xgboost_itself(**how):
    from xgboost import XGBClassifier

    kinds = ["q", "q", "q", "c"]
    made = XGBClassifier(n_estimators=20, enable_categorical=True, feature_types=kinds, **how)
    return lambda x, y: made.fit(x, y).predict_proba(x)[:, 1]


def histograms_themselves():
    from sklearn.ensemble import HistGradientBoostingClassifier

    made = HistGradientBoostingClassifier(max_iter=20, categorical_features=[PROCESS])
    return lambda x, y: made.fit(x, y).predict_proba(x)[:, 1]


#: what model.py returns, and what its library makes of the same entries
CASES = {
    "every category": ("lightgbm", "LGBMClassifier(n_estimators=20)", lightgbm_itself),
    "by name": (
        "lightgbm",
        "LGBMClassifier(n_estimators=20, categorical_feature=['process'])",
        lightgbm_itself,
    ),
    "in one text": (
        "lightgbm",
        "LGBMClassifier(n_estimators=20, categorical_feature='name:process')",
        lightgbm_itself,
    ),
    "linear leaves": (
        "lightgbm",
        "LGBMClassifier(n_estimators=20, linear_tree=True)",
        lambda: lightgbm_itself(linear_tree=True),
    ),
    "enabled": (
        "xgboost",
        "XGBClassifier(n_estimators=20, enable_categorical=True)",
        xgboost_itself,
    ),
    "by kind, in parts": (
        "xgboost",
        "XGBClassifier(n_estimators=20, enable_categorical=True, max_cat_to_onehot=1, feature_types=list('qqqc'))",
        lambda: xgboost_itself(max_cat_to_onehot=1),
    ),
    "scikit-learn, by name": (
        "sklearn",
        "HistGradientBoostingClassifier(max_iter=20, categorical_features=['process'])",
        histograms_themselves,
    ),
}


@pytest.mark.filterwarnings("ignore:No further splits")
@pytest.mark.parametrize("case", CASES)
def test_trees_are_those_of_the_library(train, case, tmp_path):
    framework, made, itself = CASES[case]
    training = train(framework, made)
    x, y, blocks = rows_of(training)

    given = np.concatenate([training.model.predict(block)[:, 0] for block in blocks])

    np.testing.assert_allclose(given, itself()(x, y), atol=1e-6)
    exported = training.model.export(tmp_path, x[:200])
    converts = framework != "sklearn" and case != "linear leaves"
    assert [each.file for each in exported.conversions] == ["model.onnx"] * converts
    assert all(each.difference < 1e-5 for each in exported.conversions)


@pytest.mark.parametrize(
    ("framework", "made", "says"),
    [
        ("lightgbm", "LGBMClassifier(categorical_feature=['pt'])", "'pt', which is scaled"),
        ("lightgbm", "LGBMClassifier(categorical_feature=[7])", "column 7, and there is none"),
        ("xgboost", "XGBClassifier(feature_types=['c', 'q', 'q', 'q'])", "'pt', which is scaled"),
        ("xgboost", "XGBClassifier(feature_types=['c'])", "has 1 values, and there are 4 columns"),
        (
            "sklearn",
            "HistGradientBoostingClassifier(categorical_features=[True, False, False, False])",
            "'pt', which is scaled",
        ),
        (
            "sklearn",
            "BaggingClassifier(LGBMClassifier(categorical_feature=[0]))",
            "which is scaled",
        ),
    ],
)
def test_columns_of_numbers_are_no_categories(train, framework, made, says):
    with pytest.raises(TrainingError, match=says):
        train(framework, made)


def test_columns_that_a_step_makes_anew_are_not_named(train):
    made = (
        "__import__('sklearn.pipeline').pipeline.make_pipeline(__import__('sklearn.preprocessing')"
        ".preprocessing.StandardScaler(), HistGradientBoostingClassifier(categorical_features=[3]))"
    )

    with pytest.raises(TrainingError, match="names columns that StandardScaler makes anew"):
        train("sklearn", made)


@pytest.mark.parametrize(
    ("framework", "made"),
    [("lightgbm", "LGBMClassifier()"), ("xgboost", "XGBClassifier(enable_categorical=True)")],
)
def test_an_entry_whose_category_is_no_whole_number_is_refused(train, framework, made):
    with pytest.raises(TrainingError, match=r"the category 'process' has values .* numbers: \d\.5"):
        train(framework, made, spoilt=True)


def test_categories_that_xgboost_takes_for_numbers_are_told(train):
    (told,) = train("xgboost", "XGBClassifier(n_estimators=2)").model.summary.warnings

    assert "takes categories (process) for numbers" in told
