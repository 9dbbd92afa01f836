"""Dry runs: what would happen, found out from a sample."""

import json

import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.sources.formats import FORMATS
from tests.http.workflow.runs.networks import FOREST, MODEL, QUICK


def test_it_says_what_would_be_read_and_made_and_makes_no_run(alice, files):
    alice.upload(files)
    response = alice.post("/submit?dry_run=1", json={"name": "luca", "preproc": "preproc.json"})

    shown = response.json
    assert response.status_code == 200, response.text
    assert (shown["entries"], shown["selected_entries"]) == (200, 100)
    assert (shown["features"], shown["identifiers"]) == (["eta", "pt"], ["runNo"])
    assert (shown["columns"], shown["chunks"], shown["chunk_bytes"]) == (2, 2, 480)
    assert shown["files"][0]["passed"] == 50
    assert shown["files"][0]["cut_flow"][-1]["passed"] == 50
    assert shown["model"]["parameters"] == 3
    assert shown["warnings"] == []
    assert alice.get("/runs").json["total"] == 0


def test_a_file_that_a_run_would_skip_is_skipped_and_told(alice, files):
    files["b.root"] = b"no ROOT file"
    files["params.json"] = '{"branch": "events", "on_bad_file": "skip", "identifier": ["runNo"]}'
    files["model.py"] = QUICK
    alice.upload(files)
    shown = alice.post("/runs?dry_run=1", json={"name": "luca"}).json

    assert [(file["file"], file["entries"]) for file in shown["files"]] == [
        ("a.root", 100),
        ("b.root", 0),
    ]
    assert "1 of 2 files: 'luca/b.root'" in shown["warnings"][-1], shown["warnings"]


def test_files_without_entries_are_refused_as_a_run_refuses_them(alice, files, tmp_path):
    with uproot.recreate(tmp_path / "none.root") as file:
        file["events"] = {"pt": np.zeros(0, np.float32)}
    files |= {"files.txt": "none.root", "none.root": (tmp_path / "none.root").read_bytes()}
    files |= {"labels.txt": "1", "preproc.json": "", "params.json": '{"branch": "events"}'}
    alice.upload(files)
    response = alice.post("/runs?dry_run=1", json={"name": "luca"})

    assert response.status_code == 422, response.text
    assert "no entries in none.root" in response.json["error"]["message"]


def test_a_typo_is_found_before_anything_is_measured(alice, files):
    files["params.json"] = '{"branch": "events", "selected_branches": "pt,etaa"}'
    alice.upload(files)
    response = alice.post("/runs?dry_run=true", json={"name": "luca"})

    assert response.status_code == 400
    error = response.json["error"]
    assert (error["branch"], error["hint"]) == ("etaa", "did you mean 'eta'?")


def test_a_model_that_cannot_be_built_is_refused(alice, files):
    files["model.py"] = "import sklearn\ndef model():\n    raise ValueError('no such layer')\n"
    alice.upload(files)
    response = alice.post("/submit?dry_run=1", json={"name": "luca"})

    assert response.status_code in (400, 422)
    assert "no such layer" in response.json["error"]["message"]
    assert response.json["error"]["file"] == "model.py"


def test_it_says_what_is_left_out_and_why(alice, files):
    files["params.json"] = (
        '{"branch": "events", "identifier": ["runNo"], "exclude_branches": "eta"}'
    )
    files["model.py"] = QUICK
    alice.upload(files)

    shown = alice.post("/submit?dry_run=1", json={"name": "luca", "preproc": ""}).json

    assert shown["left_out"] == [
        {"branch": "eta", "reason": "exclude_branches"},
        {"branch": "runNo", "reason": "identifier"},
    ]


def test_what_is_left_out_for_another_reason_is_not_said_to_be_unselected(alice, files, tmp_path):
    with uproot.recreate(tmp_path / "b.root") as file:
        x = np.arange(100, dtype=np.float64)
        file["events"] = {"pt": x, "eta": x, "runNo": x, "genWeight": x + 1, "late": x}
    files["b.root"] = (tmp_path / "b.root").read_bytes()
    with uproot.recreate(tmp_path / "a.root") as file:
        file["events"] = {"pt": x, "eta": x, "runNo": x, "genWeight": x + 1}
    files["a.root"] = (tmp_path / "a.root").read_bytes()
    params = {"branch": "events", "weight": "genWeight", "missing_branches": "common"}
    files["model.py"] = QUICK
    reasons = []
    for more in ({}, {"selected_branches": ["pt", "late"]}):
        files["params.json"] = json.dumps({**params, "identifier": ["runNo"], **more})
        alice.upload(files)
        shown = alice.post("/submit?dry_run=1", json={"name": "luca", "preproc": ""}).json
        reasons.append({one["branch"]: one["reason"] for one in shown["left_out"]})

    every = {
        "genWeight": "the weight is computed from it",
        "late": "not in every file",
        "runNo": "identifier",
    }
    assert reasons == [every, {**every, "eta": "not in selected_branches"}]


def test_it_warns_about_features_that_give_the_answer_away(alice, files, tmp_path):
    for name, value in (("a.root", 0), ("b.root", 1)):
        with uproot.recreate(tmp_path / name) as file:
            x = np.random.default_rng(value).normal(size=100)
            file["events"] = {"pt": x, "genWeight": x[::-1] + 9 * value}
        files[name] = (tmp_path / name).read_bytes()
    files["params.json"] = '{"branch": "events"}'
    files["model.py"] = QUICK
    alice.upload(files)

    shown = alice.post("/submit?dry_run=1", json={"name": "luca", "preproc": ""}).json

    names, *_, alone = shown["warnings"]
    assert "look like weights: genWeight" in names
    assert "one branch alone tells the classes apart (AUC in a sample): genWeight" in alone


def test_columns_are_those_that_a_run_makes_of_the_values(alice, files, tmp_path):
    for name in ("a.root", "b.root"):
        with uproot.recreate(tmp_path / name) as file:
            met = np.where(np.arange(100) % 9, np.arange(100.0), -999)
            file["events"] = {"met": met, "ht": np.arange(1.0, 101), "year": np.full(100, 2018)}
        files[name] = (tmp_path / name).read_bytes()
    rules = {"missing": {"met": [-999]}, "missing_indicator": True, "constant": "drop"}
    files["params.json"] = json.dumps({"branch": "events", **rules})
    preproc = {"new_branch": {"ratio": {"def": "met/ht", "type": "flat"}}}
    files["preproc.json"] = json.dumps(preproc)
    files["model.py"] = MODEL.replace("idim,", "4,")
    alice.upload(files)

    shown = alice.post("/submit?dry_run=1", json={"name": "luca", "preproc": "preproc.json"}).json

    assert shown["columns"] == 4  # ht, met, ratio, met_missing
    assert "left out, because they are constant: year (2018)" in shown["warnings"]
    assert any("computed from values that mean missing: ratio" in w for w in shown["warnings"])


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"weight": "log(pt - 50)"}, "the weight 'log(pt - 50)' is NaN or infinite in"),
        ({"folds": 3, "fold_by": "eta / 2"}, "fold_by 'eta / 2' is not a whole number"),
    ],
)
def test_what_specs_would_refuse_is_said_by_stage_and_file(alice, files, params, says):
    asked = {"branch": "events", "identifier": ["runNo"], **params}
    alice.upload({**files, "params.json": json.dumps(asked)})

    error = alice.post("/runs?dry_run=1", json={"name": "luca"}).json["error"]

    assert (error["stage"], error["file"]) == ("specs", "a.root")
    assert says in error["message"]


def test_a_framework_that_the_deployment_lacks_is_refused_with_those_it_has(make_world, files):
    alice = make_world(frameworks="keras,xgboost").person("alice")
    alice.upload({**files, "model.py": "import torch\ndef model(idim): pass\n"})

    response = alice.post("/submit", json={"name": "luca"})

    assert response.status_code == 400, response.text
    assert "PyTorch is not installed in this deployment" in response.json["error"]["message"]
    assert "installed: Keras, XGBoost" in response.json["error"]["hint"]
    for path in ("/me", "/"):
        assert alice.get(path).json["frameworks"] == ["keras", "xgboost"]
        assert alice.get(path).json["formats"] == [row.name for row in FORMATS]


def test_an_estimator_that_needs_more_memory_than_there_is_is_refused_before_it_starts(
    alice, files, tmp_path
):
    with uproot.recreate(tmp_path / "large.root") as file:
        file["events"] = {"pt": np.zeros(700_000, np.float32), "eta": np.zeros((700_000, 100))}
    files |= {"files.txt": "large.root", "large.root": (tmp_path / "large.root").read_bytes()}
    files |= {"labels.txt": "pt > 0", "preproc.json": "", "params.json": '{"branch": "events"}'}
    alice.upload({**files, "model.py": FOREST + "RandomForestClassifier()"})

    response = alice.post("/runs?dry_run=1", json={"name": "luca", "memory": "800mb"})

    error = response.json["error"]
    assert response.status_code == 422, response.text
    assert "RandomForestClassifier needs all 700000 entries in memory at once" in error["message"]
    assert "partial_fit" in error["hint"]


@pytest.mark.parametrize("entries", [100, 2500])
def test_a_validation_that_leaves_a_class_out_is_refused_or_told_where_there_are_more_entries(
    alice, files, tmp_path, entries
):
    for name, pt in (("a.root", 1.0), ("b.root", 2.0)):
        with uproot.recreate(tmp_path / name) as file:
            file["events"] = {"pt": np.full(entries, pt), "eta": np.arange(float(entries))}
        files[name] = (tmp_path / name).read_bytes()
    files["params.json"] = '{"branch": "events", "validation": "pt > 1.5"}'
    alice.upload({**files, "model.py": QUICK})

    told = alice.post("/runs?dry_run=1", json={"name": "luca", "preproc": ""})

    says = "params.json: validation 'pt > 1.5' is true for every entry of class 0: it cannot be learned"
    if entries == 100:
        assert (told.status_code, told.json["error"]["message"]) == (422, says)
        assert told.json["error"]["file"] == "params.json"
    else:
        (warning,) = [text for text in told.json["warnings"] if "validation" in text]
        assert warning.startswith(f"of the first 4000 entries looked at: {says}")
