"""Uploads of what scikit-learn, XGBoost and LightGBM write themselves, and of their converters.

What the framework gives for the same rows in this process is what is right.
"""

import io
import pickle

import numpy as np
import pytest

from tests.http.predict.packing import packed

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = np.array(["qcd", "ttH", "zll"])
X = np.random.default_rng(3).normal(size=(300, 4)).astype(np.float32)
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
ROWS = X[:5]


def pickled_classifier():
    ensemble = pytest.importorskip("sklearn.ensemble")
    made = ensemble.RandomForestClassifier(5, random_state=1).fit(X, NAMES[THREE])
    return "model.pickle", pickle.dumps(made), made.predict_proba(ROWS), "qcd,ttH,zll"


def pickled_regressor():
    ensemble = pytest.importorskip("sklearn.ensemble")
    made = ensemble.GradientBoostingRegressor(n_estimators=5).fit(X, X[:, 0] * 1e6)
    return "model.pickle", pickle.dumps(made), made.predict(ROWS)[:, None], None


def stopped_early():
    xgboost = pytest.importorskip("xgboost")
    chance = np.random.default_rng(4).integers(0, 2, len(X))  # nothing to learn: it stops at once
    made = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=2, learning_rate=1.0)
    made.fit(X[:200], chance[:200], eval_set=[(X[200:], chance[200:])], verbose=False)
    assert made.get_booster().num_boosted_rounds() > made.best_iteration + 1
    written = bytes(made.get_booster().save_raw("ubj"))
    return "model.ubj", written, made.predict_proba(ROWS)[:, 1:], None


def trees_of_classes():
    lightgbm = pytest.importorskip("lightgbm")
    made = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(X, THREE)
    return "model.txt", made.booster_.model_to_string().encode(), made.predict_proba(ROWS), None


def converted_pipeline(**zipmap):
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - an extra
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - an extra
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - an extra

    made = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, NAMES[THREE])
    graph = skl2onnx.to_onnx(made, X[:1], options=zipmap).SerializeToString()
    return "any.onnx", graph, made.predict_proba(ROWS), "qcd,ttH,zll"


def pipeline_without_maps():
    return converted_pipeline(zipmap=False)


@pytest.mark.parametrize(
    "kind",
    [
        pickled_classifier,
        pickled_regressor,
        stopped_early,
        trees_of_classes,
        converted_pipeline,
        pipeline_without_maps,
    ],
)
def test_uploads_answer_as_the_framework_does_and_name_their_classes(ask, kind):
    file, content, right, classes = kind()
    name = kind.__name__.replace("_", "-")

    uploaded = ask(
        "POST", f"/upload?name={name}", content=packed(None, extra={f"model/{file}": content})
    )
    answer = ask("POST", "/json", json={"model": name, "keys": [], "values": ROWS.tolist()})
    narrow = ask("POST", "/json", json={"model": name, "keys": [], "values": [[1.0, 2.0]]})

    assert uploaded.status_code == 200, uploaded.text
    np.testing.assert_allclose(answer.json(), right, rtol=1e-5, atol=1e-6)
    assert answer.headers.get("X-Classes") == classes
    assert narrow.status_code == 400


def hollow_trees(library):
    """Return a file of trees that learned where values are missing, and what they give there."""
    module = pytest.importorskip(library)
    hollow = np.where(np.random.default_rng(5).random(X.shape) < 0.3, np.nan, X)
    labels = np.isnan(hollow[:, 0]) | (hollow[:, 1] > 0.5)
    if library == "xgboost":
        made = module.XGBClassifier(n_estimators=5).fit(hollow, labels)
        file, content = "model.ubj", bytes(made.get_booster().save_raw("ubj"))
    else:
        made = module.LGBMClassifier(n_estimators=5, verbose=-1).fit(hollow, labels)
        file, content = "model.txt", made.booster_.model_to_string().encode()
    rows = hollow[:20]
    return file, content, rows, made.predict_proba(rows)[:, 1:]


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_missing_value_is_none_for_trees(ask, library):
    file, content, rows, right = hollow_trees(library)
    name = f"hollow-{library}"
    values = [[None if np.isnan(each) else float(each) for each in row] for row in rows]

    ask("POST", f"/upload?name={name}", content=packed(None, extra={f"model/{file}": content}))
    answer = ask("POST", "/json", json={"model": name, "values": values})

    np.testing.assert_allclose(answer.json(), right, rtol=1e-5, atol=1e-6)


def dumped(what):
    written = io.BytesIO()
    pickle.dump(what, written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("model.pickle", dumped({"weights": [1, 2]}), "it holds a dict, which has no predict"),
        ("model.joblib", dumped([]), "model.pickle (scikit-learn), model.ubj (XGBoost)"),
    ],
)
def test_what_predicts_nothing_is_refused_at_upload(ask, file, content, says):
    extra = {f"model/{file}": content}

    answer = ask("POST", "/upload?name=nothing", content=packed(None, extra=extra))

    assert answer.status_code == 400
    assert says in answer.json()["error"]
