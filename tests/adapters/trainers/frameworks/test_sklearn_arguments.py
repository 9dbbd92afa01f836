"""What scikit-learn would refuse in the middle of a training is refused when the model is built."""

import re

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.linear_model import Perceptron
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsOneClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC

from mlaas4hep.adapters.native.sklearn import scores
from mlaas4hep.adapters.trainers.child import modelfile
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.loading import load
from mlaas4hep.adapters.trainers.sklearn.byname import count_columns
from mlaas4hep.adapters.trainers.sklearn.convert import write_onnx
from mlaas4hep.core.models.bundle.conversion import NotMade
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params

NAMES = ("pt", "eta", "mass", "met")
PRELUDE = """
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier as Hist, RandomForestClassifier
from sklearn.ensemble import StackingClassifier
from sklearn.feature_selection import SelectFromModel, VarianceThreshold
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

def model():
    return """


@pytest.fixture
def made(tmp_path):
    def made(text, classes=2, **params):
        path = tmp_path / "model.py"
        path.write_text(f"{text}\n")
        job = TrainingJob(
            name="luca_1",
            params=Params(**params),
            columns=len(NAMES),
            chunks=1,
            names=NAMES,
            labels=tuple(map(float, range(classes))),
            frameworks=("sklearn",),
        )
        return modelfile.build(path, job, [load("sklearn")], 60)

    return made


@pytest.fixture
def built(made):
    return lambda text, classes=2: made(f"{PRELUDE}{text}", classes).model


@pytest.mark.parametrize(
    ("text", "classes", "message"),
    [
        ("Hist(categorical_features=[0])", 2, "categorical_features names 'pt', which is scaled"),
        ("Hist(categorical_features=['pz'])", 2, "the column 'pz', and there is none"),
        ("Hist(monotonic_cst={'ptt': 1})", 2, "monotonic_cst names the column 'ptt'"),
        ("Hist(monotonic_cst=[1, 0])", 2, "does not learn 4 columns and 2 classes: monotonic_cst"),
        ("Hist(monotonic_cst={'pt': 1})", 3, "4 columns and 3 classes: monotonic constraints are"),
        ("Hist(interaction_cst=[{0, 9}])", 2, "invalid indices: {0, 9}"),
        ("make_pipeline(PCA(9), LogisticRegression())", 2, "n_components=9 must be between 0 and"),
        ("ClassifierChain(LogisticRegression())", 2, "does not learn 4 columns"),
        ("SVC(kernel='precomputed')", 2, "square"),
        ("make_pipeline(VarianceThreshold(9), SVC())", 2, "py: VarianceThreshold does not learn"),
        ("IsotonicRegression()", 2, "IsotonicRegression does not learn 4 columns: .* 1 feature"),
        ("GaussianMixture(2)", 3, "GaussianMixture gives 1 .* there are 3 classes"),
        ("GridSearchCV(SVC(), {'CC': [1]})", 2, "varies 'CC', and SVC has no such argument"),
    ],
)
def test_what_cannot_learn_these_columns_is_refused(built, text, classes, message):
    with pytest.raises(TrainingError, match=message) as refused:
        built(text, classes)

    assert refused.value.hint


@pytest.mark.parametrize(
    ("takes", "given", "trees", "told"),
    [
        ("idim=7, trees=9", (), 9, ()),
        ("trees=9, depth=2", (("trees", 5),), 5, ()),
        ("*, trees=9", (), 9, ()),
        ("width=None, trees=9", (), 9, ()),
        ("trees=9, depth=2", (("depth", 3),), 4, ("trees is 4; .* def model\\(idim, trees=9\\)",)),
    ],
)
def test_the_number_of_columns_takes_no_default_s_place_without_a_word(
    made, takes, given, trees, told
):
    text = PRELUDE.replace("def model()", f"def model({takes})")

    built = made(f"{text}RandomForestClassifier(trees)", arguments=given)

    assert built.model.estimator.n_estimators == trees
    assert len(built.warnings) == len(told)
    assert all(map(re.search, told, built.warnings))


@pytest.mark.parametrize(
    "text",
    [
        "RandomForestClassifier(10**6)",
        "Hist(max_iter=10**6)",
        "GridSearchCV(RandomForestClassifier(), {'n_estimators': [10**6]})",
        "make_pipeline(SelectFromModel(LogisticRegression(C=0.01)), LogisticRegression())",
        "make_pipeline(KMeans(300), LogisticRegression())",
        "StackingClassifier([('near', KNeighborsClassifier(900))])",
    ],
)
def test_a_trial_takes_no_time_and_changes_nothing(built, text):
    np.random.seed(3)  # noqa: NPY002 - what scikit-learn draws from

    model = built(text)

    assert model.summary.task == "binary"
    assert not hasattr(model.estimator, "classes_")


def test_directions_are_given_by_the_names_of_columns(built):
    assert built("Hist(monotonic_cst={'mass': -1})").estimator.monotonic_cst == [0, 0, -1, 0]


def entries(classes, scale=1.0):
    x = np.random.default_rng(1).random((400, 4), np.float32)
    value = x[:, 0] + 0.5 * x[:, 1]
    y = np.digitize(value, np.quantile(value, np.arange(1, classes) / classes))
    return (scale * x).astype(np.float32), y


def test_decisions_that_are_large_are_still_told_apart():
    x, y = entries(2, scale=30)
    estimator = Perceptron(random_state=1, max_iter=3, tol=None).fit(x, y)
    decisions = estimator.decision_function(x)

    given = scores(estimator, x)[:, 0]

    assert decisions.max() > 100
    assert ((given > 0.5) == estimator.predict(x)).all()
    assert roc_auc_score(y, given) == pytest.approx(roc_auc_score(y, decisions), abs=1e-5)


@pytest.mark.filterwarnings("ignore:Attribute `prob._` was deprecated")  # skl2onnx reads it
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "estimator",
    [
        SVC(),
        LinearSVC(),
        Perceptron(),
        OneVsOneClassifier(LinearSVC()),
        make_pipeline(StandardScaler(), SVC()),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_classifier_without_probabilities_becomes_onnx(estimator, classes, tmp_path):
    x, y = entries(classes)
    estimator.fit(x, y)

    write_onnx(tmp_path, estimator, x[:100])

    (given,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(["scores"], {"input": x})
    decisions = estimator.decision_function(x).reshape(len(x), -1)
    np.testing.assert_allclose(given, 0.5 + decisions / 2 / (1 + abs(decisions)), atol=1e-5)


def test_a_converter_that_does_not_end_is_not_begun(tmp_path):
    x, y = entries(2)
    estimator = make_pipeline(QuantileTransformer(n_quantiles=100), LinearSVC()).fit(x, y)

    found = write_onnx(tmp_path, estimator, x[:100])

    reason = "the converter of QuantileTransformer does not end"
    assert found == NotMade(file="model.onnx", reason=reason)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "columns",
    [
        make_column_selector(pattern="^m"),
        make_column_selector(pattern="nothing"),
        slice("eta", "mass"),
        slice(None, "eta"),
        slice("mass", None),
        slice(0, 2),
        ["met", "pt"],
    ],
    ids=["pattern", "no match", "slice", "up to", "from", "by number", "names"],
)
def test_columns_by_name_are_those_that_scikit_learn_finds_in_a_table(columns):
    rows = np.random.default_rng(1).random((20, len(NAMES)))
    own = ColumnTransformer([("scaled", StandardScaler(), columns)], remainder="passthrough")
    counted = make_pipeline(clone(own))

    count_columns(counted, NAMES)

    right = own.fit_transform(pd.DataFrame(rows, columns=NAMES))
    np.testing.assert_allclose(counted.fit_transform(rows), right, rtol=1e-12)


def test_a_slice_that_names_no_column_is_refused_with_the_nearest():
    named = ColumnTransformer([("scaled", StandardScaler(), slice("pt", "masss"))])

    with pytest.raises(TrainingError, match="names the column 'masss'") as refused:
        count_columns(named, NAMES)
    assert "mass" in refused.value.hint
