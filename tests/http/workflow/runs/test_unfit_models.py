"""Models that do not fit the data or the labels are refused by a dry run."""

import json

import numpy as np
import pytest
import uproot

from tests.http.workflow.runs.networks import FOREST, MODEL, QUICK

TREES = "import xgboost\ndef model():\n    return xgboost."
OTHERS = {
    "a class instead of an instance": (
        TREES + "XGBClassifier",
        {},
        "the class XGBClassifier, not a model of XGBoost",
    ),
    "something else": (FOREST + "{}", {}, "returns a dict, which has no `fit`"),
    "an input of another width": (
        MODEL.replace("(idim,)", "(9,)"),
        {},
        "inputs of shape (9,), but",
    ),
    "labels that the loss cannot compare": (
        MODEL.replace('"binary', '"categorical'),
        {},
        "the output is 1 wide, which loss 'categorical_crossentropy' cannot learn from",
    ),
    "a key of another framework": (
        FOREST + "RandomForestClassifier()",
        {"callbacks": ["EarlyStopping"]},
        "params.json: callbacks is not for scikit-learn",
    ),
    "weights that it does not take": (
        "from sklearn.neighbors import *\ndef model():\n    return KNeighborsClassifier()",
        {"weight": "pt"},
        "KNeighborsClassifier takes no weights of entries",
    ),
    "a loss that there is not": (
        MODEL.replace("binary_cross", "binary_cros"),
        {},
        "model.py, the model: ValueError: Could not interpret loss identifier",
    ),
    "columns that go nowhere": (MODEL, {"inputs": {"a": "pt"}}, "no pattern of inputs fits eta"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_model_of_any_framework_that_does_not_fit_is_refused_in_words(alice, files, kind):
    model, params, words = OTHERS[kind]
    params = {"branch": "events", "identifier": ["runNo"], **params}
    alice.upload({**files, "model.py": model, "params.json": json.dumps(params)})

    response = alice.post("/runs?dry_run=1", json={"name": "luca"})

    error = response.json["error"]
    assert response.status_code == 422, response.text
    assert words in error["message"]
    assert error["hint"]


def test_an_estimator_that_needs_more_memory_than_is_given_is_refused(alice, files, tmp_path):
    with uproot.recreate(tmp_path / "many.root") as file:
        rows = np.zeros((70_000, 1000), np.int8)
        file["events"] = {"runNo": np.arange(len(rows), dtype=np.int32), "pixels": rows}
    many = {
        **files,
        "preproc.json": "{}",
        "files.txt": "many.root",
        "labels.txt": "runNo % 2",
        "model.py": QUICK,
    }
    alice.upload({**many, "many.root": (tmp_path / "many.root").read_bytes()})

    response = alice.post("/runs?dry_run=1", json={"name": "luca", "memory": "768m", "preproc": ""})

    error = response.json["error"]
    assert (response.status_code, error["stage"], error["file"]) == (422, "train", "model.py"), (
        error
    )
    assert "RandomForestClassifier needs all 70000 entries in memory" in error["message"]
    assert "partial_fit" in error["hint"]
