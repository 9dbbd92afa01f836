"""K-fold training through the door: no entry is scored by a model that learned from it."""

import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from mlaas4hep.core.models.bundle.folding import FEED
from mlaas4hep.core.requests.person import Person
from mlaas4hep.http.predict.app import app, limits
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline import table
from mlaas4hep.settings import Settings
from tests.http.predict.conftest import Client
from tests.people import FOLDER, World

#: learns by heart: an entry that it saw gets its own label
MODEL = """
from sklearn.neighbors import KNeighborsClassifier

def model():
    return KNeighborsClassifier(1)
"""
ENTRIES = 60
FIRST = 2**53 + 1  #: numbers of events that doubles cannot tell apart
PARAMS = {
    "branch": "events",
    "identifier": ["event"],
    "folds": 3,
    "metrics": True,
    "framework": "sklearn",
}


def columns():
    random = np.random.default_rng(3)
    return {
        "event": np.arange(FIRST, FIRST + ENTRIES, dtype=np.int64),
        "x": random.random(ENTRIES).astype(np.float32),
        "truth": random.integers(0, 2, ENTRIES).astype(np.int32),
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    with uproot.recreate(folder / "a.root") as file:
        file["events"] = columns()
    made = World(folder, range_entries=25)
    made.data = (folder / "a.root").read_bytes()
    return made


@pytest.fixture
def alice(world):
    return world.person()


def trained(world, alice, **params):
    """Train as a person would, and return the run as it is shown."""
    texts = {"files.txt": "a.root", "labels.txt": "truth", "model.py": MODEL, "a.root": world.data}
    alice.upload({**FOLDER, **texts, "params.json": json.dumps({**PARAMS, **params})})
    made = alice.submit()
    assert made.status_code == 200, made.text
    drain(world.services, table.steps())
    return alice.get(f"/runs/{made.json['process_name']}").json


def test_every_entry_is_scored_by_the_model_that_did_not_see_it(world, alice):
    run = trained(world, alice)

    assert run["problem"] is None
    assert run["metrics"]["val_auc"] < 0.8
    assert run["metrics"]["train_auc"] == 1.0
    assert run["metrics"]["val_auc_error"] > 0
    asked = alice.post("/score", json={"model": run["name"], "upload": "luca", "files": ["a.root"]})
    assert asked.status_code == 201, asked.text
    drain(world.services, table.steps())
    scores = pq.read_table(io.BytesIO(alice.get(f"/runs/{asked.json['name']}/scores").data))
    data = columns()
    folds, x, truth = data["event"] % 3, data["x"], data["truth"]
    expected = []
    for place in range(ENTRIES):
        others = np.flatnonzero(folds != folds[place])
        expected.append(truth[others[np.abs(x[others] - x[place]).argmin()]])
    assert scores["score"].to_pylist() == expected
    assert scores["event"].to_pylist() == data["event"].tolist()
    with _predicting(world, alice) as predict:
        _predictions_are(expected, predict, run["name"], data)
        _tensors_cannot_choose_the_fold(predict, run["name"])
        bundle = alice.get(f"/models/{run['name']}/bundle").data
        again = predict.post("/upload?name=again", content=bundle)
        assert again.status_code == 200, again.text
        _predictions_are(expected, predict, "again", data)


def _predicting(world, alice):
    class Alice:
        def person(self, _authorization):
            return Person(owner=alice.owner, subject="alice")

    served = app(world.services, limits(Settings()), Alice())
    return Client(served, {"Authorization": "Bearer alice"})


def _predictions_are(expected, predict, model, data):
    """Compare raw entries; those that do not say their fold, and rows, are refused."""
    pairs = zip(data["event"].tolist(), data["x"].tolist(), strict=True)
    entries = [{"event": event, "x": x} for event, x in pairs]
    told = predict.post("/json", json={"model": model, "entries": entries}).json()
    assert told["predictions"] == expected
    assert told["identifiers"][3] == {"event": FIRST + 3}
    for body, says in (
        ({"entries": [{"x": 0.5}]}, "event"),
        ({"entries": [{"x": 0.5, "event": None}]}, "not a whole number"),
        ({"keys": [], "values": [0.5]}, "raw entries"),
    ):
        refused = predict.post("/json", json={"model": model, **body})
        assert refused.status_code == 400
        assert says in refused.text


def _tensors_cannot_choose_the_fold(predict, model):
    shown = predict.get(f"/v2/models/{model}").json()
    assert shown["platform"] == "onnxruntime_onnx"
    (given,) = shown["inputs"]
    row = {"name": given["name"], "datatype": "FP32", "shape": [1, 1], "data": [0.5]}
    fold = {"name": FEED, "datatype": "INT32", "shape": [1], "data": [1]}
    for inputs, says in (([row], "raw entries"), ([row, fold], "no input")):
        refused = predict.post(f"/v2/models/{model}/infer", json={"inputs": inputs})
        assert refused.status_code == 400
        assert says in refused.text


def test_a_dry_run_says_how_many_models_there_will_be(world, alice):
    texts = {"files.txt": "a.root", "labels.txt": "truth", "model.py": MODEL, "a.root": world.data}
    alice.upload({**FOLDER, **texts, "params.json": json.dumps(PARAMS)})

    assert alice.post("/runs?dry_run=1", json={"name": "luca"}).json["folds"] == PARAMS["folds"]


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"fold_by": "truth"}, "no entry of class 1 is in fold 0"),
        ({"fold_by": "3 * event"}, "no entry is in fold 1"),
        ({"fold_by": "x"}, "'x' is not a whole number in every entry"),
        ({"fold_by": "evnt"}, "'evnt' is no branch"),
    ],
)
def test_folds_that_cannot_be_are_refused(world, alice, params, says):
    run = trained(world, alice, **params)

    assert says in (run["problem"] or {"message": ""})["message"]
    assert bool(run["problem"]) == bool(says)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"folds": 1}, "at least 2"),
        ({"folds": 21}, "from 2 to 20"),
        ({"folds": 5, "validation": "x > 1"}, "validation and folds"),
        ({"folds": 5, "split": 0.2}, "folds and split"),
        ({"folds": 0, "fold_by": "event"}, "from 2 to 20"),
    ],
)
def test_what_contradicts_itself_is_refused_at_once(world, alice, params, says):
    alice.upload({**FOLDER, "params.json": json.dumps({**PARAMS, **params})})

    answer = alice.submit()

    assert answer.status_code in (400, 422)
    assert says in answer.text
