"""Every answer says which class its numbers are for, in its dialect and in a header."""

from dataclasses import replace

import pytest

from mlaas4hep.core import keys, wire
from tests.http.predict.conftest import CONTRACT
from tests.http.predict.packing import packed

ROW = [0.1, 0.2, 0.3, 0.4]
TRAINED = replace(CONTRACT, classes=("higgs", "qcd"), positive="qcd")
V2_INPUT = {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": ROW}
QUESTIONS = {
    "/json": {"model": "luca_1", "values": ROW},
    "/": {
        "model": "luca_1",
        "entries": [{"met": 80.0, "njets": 4, "ntrk": 5, "Muon_pt": [20.0]}],
    },
    "/predict/json": {"model": "luca_1", "values": [ROW, ROW]},
    "/v1/models/luca_1:predict": {"instances": [ROW]},
    "/v1/models/luca_1:classify": {
        "examples": [dict(zip(("met", "njets", "Muon_pt_0", "Muon_pt_1"), ROW, strict=True))]
    },
    "/v2/models/luca_1/infer": {"inputs": [V2_INPUT]},
}


@pytest.mark.parametrize("path", QUESTIONS)
def test_a_header_names_the_class_of_a_single_score(world, alice, path):
    world.serve_trained(TRAINED)

    answer = alice.post(path, json=QUESTIONS[path])

    assert (answer.status_code, answer.headers["X-Classes"]) == (200, "qcd")


def test_the_standard_dialects_name_it_in_the_body_too(world, alice):
    world.serve_trained(TRAINED)

    told = {path: alice.post(path, json=asked).json() for path, asked in QUESTIONS.items()}

    assert told["/v1/models/luca_1:predict"]["classes"] == ["qcd"]
    (((name, _),),) = told["/v1/models/luca_1:classify"]["results"]
    assert name == "qcd"
    output = told["/v2/models/luca_1/infer"]["outputs"][0]
    assert output["parameters"] == {"classes": "qcd"}


def serve_with_labels(world, folder, labels):
    record = world.serve("m", folder=folder, labels="labels.txt")
    world.services.models.put(
        keys.model_file(record.owner, "m", record.version, "labels.txt"), labels.encode()
    )
    record = replace(record, files=(*record.files, "labels.txt"))
    world.services.models.put(keys.model(record.owner, "m"), wire.dump(record))


def test_scores_of_several_classes_are_named_in_order(world, alice):
    serve_with_labels(world, "classes", "cat\ndog\nsea cow\n")

    answer = alice.post("/json", json={"model": "m", "values": ROW})

    assert (len(answer.json()), answer.headers["X-Classes"]) == (3, "cat,dog,sea%20cow")


def test_labels_that_do_not_fit_name_nothing_and_the_upload_says_so(world, alice):
    texts = {
        "model/labels.txt": b"cat\ndog\n",
        "model/params.json": b'{"labels": "labels.txt", "labls": "x"}',
    }
    bundle = packed(world.models / "classes", extra=texts)

    uploaded = alice.post("/upload?name=m", content=bundle).json()["warnings"]
    answer = alice.post("/json", json={"model": "m", "values": ROW})

    assert "labels.txt has 2 lines, the model gives 3 numbers" in uploaded[0]
    assert uploaded[1] == "params.json: 'labls' is ignored; did you mean 'labels'?"
    assert "X-Classes" not in answer.headers


def test_labels_that_params_json_does_not_name_are_told(world, alice):
    bundle = packed(world.models / "classes", extra={"model/labels.txt": b"cat\ndog\nsea cow\n"})

    (warned,) = alice.post("/upload?name=m", content=bundle).json()["warnings"]

    assert warned.startswith('labels.txt is not used: "labels": "labels.txt" in params.json')


def test_nobody_guesses_which_of_two_labels_a_foreign_score_is_for(world, alice):
    serve_with_labels(world, "net", "cat\ndog\n")

    answer = alice.post("/json", json={"model": "m", "values": ROW})

    assert (answer.status_code, "X-Classes" in answer.headers) == (200, False)
