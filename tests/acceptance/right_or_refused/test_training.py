"""Every kind of training that was once wrong without a word: right, or refused, over HTTP.

All rows are submitted at once. Where Keras can say what is right, `fit` in memory learns from
exactly the entries that the run learns from, and both are measured on the same held-out ones.
What the old spellings of Keras become is in tests/adapters/trainers/keras/test_keras2.py.
"""

import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from urllib.parse import urlsplit

import numpy as np
import pytest

from mlaas4hep.core.data.planning.draws import drawn
from mlaas4hep.core.models.sample.split import TEST_SHARE, Split
from mlaas4hep.core.runs.run import Status
from tests.acceptance.right_or_refused.oddmodels import (
    EMA,
    NET,
)
from tests.acceptance.right_or_refused.rows import ROWS, cared_for, standardised, usual
from tests.acceptance.right_or_refused.samples import (
    COMMON,
    EPOCHS,
    IS_SIGNAL,
    RARE,
    SEED,
    SORTED,
    SPOILT,
    USUAL,
)
from tests.acceptance.right_or_refused.watchdogs import cutting

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        find_spec("tensorflow") is None, reason="the extra `train` is not installed"
    ),
]
TOLERANCE = 0.01  #: of an area under the curve
BATCH, VALIDATES = 50, 0.3


#: what MLaaS4HEP_server's input.json says besides
INPUT_JSON = {"host_folder": "/home/luca", "cert_folder": "/home/luca/.certs", "fout": "model"}


@pytest.fixture(scope="module")
def runs(alice, ask):
    """Return the name of the run of each row; all are submitted before the first is waited for."""
    names = {}
    for name, tarball in ROWS.items():
        alice.upload(tarball(), name=name)
        if name == "keras-1":
            asked = {"name": name, **INPUT_JSON}
            answer = ask("POST", "/submit", function="workflow", json=asked)
            names[name] = answer.json()["process_name"]
        else:
            names[name] = alice.submit(name).name
    return names


@pytest.fixture(scope="module")
def done(alice, runs):
    """Return a function that waits for the run of a row and gives its report."""

    def done(row):
        report = alice.wait(runs[row])
        assert report.status is Status.DONE, (report.problem, alice.logs(report.name))
        return report

    return done


def fitted(files, labels, inputs, model=NET, **fit):
    """Return the AUC that `fit` in memory gives on the entries that the run holds out."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - takes seconds

    from tests.quicktensorflow import keras  # noqa: PLC0415 - the same

    keras.utils.set_random_seed(SEED)
    draws = np.concatenate([drawn(name, np.arange(len(x))) for name, x in files.items()])
    split = Split.of(draws, seed=SEED, validation=VALIDATES, test=TEST_SHARE)
    x = inputs(np.concatenate(list(files.values()))).astype(np.float32)
    space: dict = {}
    exec(model, space)
    made = space["model"](x.shape[1])
    given = {"epochs": EPOCHS, "batch_size": BATCH, "verbose": 0} | fit
    made.fit(x[split.train], labels[split.train], **given)
    return roc_auc_score(labels[split.test], made.predict(x[split.test], verbose=0)[:, 0])


RARE_ONES = np.repeat([1.0, 0.0], [len(RARE), len(COMMON)])
AS_FIT = {
    "two-files": (USUAL, IS_SIGNAL, usual),
    "sorted": ({"a.root": SORTED}, IS_SIGNAL, usual),
    "rare": ({"s.root": RARE, "b.root": COMMON}, RARE_ONES, standardised),
    "sentinel": (SPOILT, IS_SIGNAL, cared_for),
    "averaged": (USUAL, IS_SIGNAL, usual, EMA),
}


@pytest.mark.parametrize("row", AS_FIT)
def test_held_out_entries_are_scored_as_by_fit(done, row):
    auc = done(row).metrics["test_auc"]

    assert auc == pytest.approx(fitted(*AS_FIT[row]), abs=TOLERANCE)


def test_a_rare_class_is_in_every_part_and_the_way_to_train_is_told(done):
    report = done("rare")

    assert {"test_auc", "val_auc", "train_auc"} <= report.metrics.keys()
    assert any("each epoch goes over all chunks" in warning for warning in report.warnings)


def test_labels_of_a_loss_of_ones_own_decide_what_is_learned(done):
    report = done("own-loss")

    assert report.metrics["test_auc"] > 0.6
    assert "test_rmse" not in report.metrics
    assert {"parts_0", "parts_1"} <= report.metrics.keys()


def test_the_models_own_fit_is_called_and_may_end_the_training(alice, done):
    report = done("own-fit")
    log = alice.logs(report.name)

    assert "stop_training was set: the training ends after round 2" in log
    assert "4 units" in log


def test_a_training_that_ends_in_nan_publishes_nothing(alice, ask, runs):
    report = alice.wait(runs["diverging"])

    assert report.status is Status.FAILED
    assert "became nan" in report.problem.message.lower()
    assert report.problem.hint
    assert report.name not in ask("GET", "/models").text


def test_a_traceback_that_is_spoken_of_is_in_the_log(alice, runs):
    report = alice.wait(runs["raising"])
    log = alice.logs(report.name)

    assert "the traceback is in the run's log" in report.problem.hint
    assert "Traceback (most recent call last)" in log
    assert "in unlucky" in log
    assert "RuntimeError: no luck" in log


def test_everybody_says_which_class_a_score_is_for(alice, ask, done):
    report = done("names")
    entry, row = {f"x{i}": 0.5 for i in range(3)}, [[0.5, 0.5, 0.5]]

    raw = ask("POST", "/json", json={"model": report.name, "entries": [entry]})
    v1 = ask("POST", f"/v1/models/{report.name}:predict", json={"instances": row})

    assert "scores are for class higgs" in alice.logs(report.name)
    assert (raw.json()["positive"], v1.json()["classes"]) == ("higgs", ["higgs"])
    assert (raw.headers["X-Classes"], v1.headers["X-Classes"]) == ("higgs", "higgs")
    assert report.metrics["test_auc"] > 0.6


def test_several_labels_have_their_own_figures_and_names_in_every_dialect(alice, ask, done):
    report = done("several")
    name, row = report.name, [[0.5, 0.5]]
    dry = alice.dry_run("several")

    raw = ask("POST", "/json", json={"model": name, "entries": [{"x0": 0.5, "x1": 0.5}]}).json()
    rows = ask("POST", "/json", json={"model": name, "keys": [], "values": row[0]})
    v1 = ask("POST", f"/v1/models/{name}:predict", json={"instances": row}).json()
    given = {"name": _input(ask, name), "shape": [1, 2], "datatype": "FP32", "data": row[0]}
    v2 = ask("POST", f"/v2/models/{name}/infer", json={"inputs": [given]}).json()

    goals = [(goal.output, goal.label, goal.loss) for goal in dry.model.goals]
    assert goals == [
        ("size", "size", "size"),
        ("tags", "s", "tags"),
        ("tags", "x2 > 0 && s", "tags"),
    ]
    assert dict.fromkeys(("x2", "s", "e")).keys() <= {one.branch for one in dry.left_out}
    assert {one.reason for one in dry.left_out if one.branch == "pileup"} == {
        "only the loss sees it: loss_columns"
    }
    assert report.metrics["test_s_auc"] > 0.7
    assert report.metrics["test_size_rmse"] > 0
    assert {"test/s", "val/size"} <= alice.quality(name).keys()
    first = raw["predictions"][0]
    assert (first.keys(), len(first["tags"])) == ({"size", "tags"}, 2)
    assert raw["classes"] == ["size", "s", "x2 > 0 && s"]
    size, *tags = rows.json()
    assert rows.headers["X-Classes"].startswith("size,s,")
    (predicted,) = v1["predictions"]
    assert predicted["size"] + predicted["tags"] == pytest.approx([size, *tags])
    told = {each["name"]: each for each in v2["outputs"]}
    assert told["tags"]["data"] == pytest.approx(tags)
    assert told["tags"]["parameters"]["classes"] == "s,x2 > 0 && s"
    assert told["size"]["data"] == pytest.approx([size])


def _input(ask, model):
    return ask("GET", f"/v2/models/{model}").json()["inputs"][0]["name"]


def test_a_model_of_keras_1_trains_from_the_ancestors_own_submission(alice, done):
    report = done("keras-1")

    assert "Keras 2" in alice.logs(report.name)
    assert {"test_auc", "loss"} <= report.metrics.keys()


def test_a_host_that_does_not_exist_is_told(alice, runs):
    report = alice.wait(runs["nowhere"])

    assert report.status is Status.FAILED
    assert "no-such-host.invalid" in report.problem.message


def test_a_bundle_comes_whole(alice, ask, done, tmp_path):
    name = done("two-files").name
    path = alice.download(name, tmp_path / "m.tar.gz")
    answer = ask("GET", f"/models/{name}/bundle", function="workflow")
    digest = base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
    with tarfile.open(path) as tar:
        history = tar.extractfile("history.json").read()

    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert answer.headers["Content-Length"] == str(path.stat().st_size)
    assert len(json.loads(history)["loss"]) == 15 * EPOCHS  # chunks of 1000 entries


@pytest.mark.parametrize("cuts", [1, 99])
def test_a_bundle_that_is_cut_on_its_way_is_asked_for_again_or_leaves_no_file(
    laptop, done, tmp_path, cuts
):
    name, gateway = done("two-files").name, urlsplit(laptop.urls[0])
    out = tmp_path / "m.tar.gz"

    with cutting(gateway.hostname, gateway.port, after=20_000, times=cuts) as url:
        asked = [sys.executable, "-m", "mlaas4hep.cli", "model", name, "--out", str(out)]
        told = {"MLAAS4HEP_URL": url, "MLAAS4HEP_TOKEN": laptop.token("alice")}
        ended = subprocess.run(
            asked,
            check=False,
            env={**os.environ, **told},
            capture_output=True,
            text=True,
            timeout=120,
        )

    if cuts == 1:
        assert (ended.returncode, gzip.decompress(out.read_bytes()) != b"") == (0, True), ended
    else:
        assert ended.returncode == 1, ended
        assert "were announced" in ended.stderr or "peer closed" in ended.stderr
        assert list(tmp_path.iterdir()) == []
