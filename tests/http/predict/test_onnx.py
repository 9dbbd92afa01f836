"""Uploaded `.onnx` models over every dialect; the right values are NumPy's."""

import numpy as np
import pytest

from tests import onnx_models
from tests.http.predict.packing import packed

ROWS = [[0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0]]
SCORES = 1 / (1 + np.exp(-(np.array(ROWS) @ onnx_models.WEIGHTS)))


@pytest.fixture
def bring(alice):
    def bring(content, name="m"):
        files = {"model": ("model.onnx", content), "name": (None, name)}
        return alice.post("/upload", files=files)

    return bring


def test_an_onnx_model_is_served_over_every_dialect(alice, bring):
    uploaded = bring(onnx_models.dense())

    assert uploaded.status_code == 200, uploaded.text
    assert uploaded.json()["platform"] == "onnx"
    flat = [each for row in ROWS for each in row]
    tensor = {"name": "features", "shape": [2, 4], "datatype": "FP32", "data": flat}
    tfaas = alice.post("/json", json={"model": "m", "values": ROWS}).json()
    v1 = alice.post("/v1/models/m:predict", json={"instances": ROWS}).json()["predictions"]
    v2 = alice.post("/v2/models/m/infer", json={"inputs": [tensor]}).json()["outputs"][0]["data"]
    for answer in (tfaas, v1, np.reshape(v2, (2, 1))):
        np.testing.assert_allclose(answer, SCORES, rtol=1e-6)
    assert alice.get("/v2/models/m").json()["platform"] == "onnxruntime_onnx"


def test_several_inputs_and_outputs_keep_their_names(alice, bring):
    bring(onnx_models.pair())

    answer = alice.post(
        "/v1/models/m:predict", json={"instances": [{"left": [3, 4], "right": [1, 2]}]}
    )

    assert answer.json() == {"predictions": [{"total": [4, 6], "difference": [2, 2]}]}


def test_features_are_inputs_of_one_number_and_unknown_ones_are_named(alice, bring):
    bring(onnx_models.features())
    good, context = {"met": 3, "njets": 2}, {"njets": 4}
    asked = [
        {"examples": [good, {"met": 5, "njets": 1}]},
        {"examples": [{"met": [3]}], "context": context},
    ]
    wrong = [[good, {**good, "nJets": 1}], [{**good, "nJets": 1}], [good, {"met": 1}]]

    told = [alice.post("/v1/models/m:regress", json=each).json() for each in asked]
    refused = [alice.post("/v1/models/m:regress", json={"examples": each}) for each in wrong]

    assert told == [{"results": [6, 5]}, {"results": [12]}]
    assert [answer.status_code for answer in refused] == [400] * 3
    for answer, says in zip(
        refused, ["did you mean 'njets'"] * 2 + ["no feature 'njets'"], strict=True
    ):
        assert says in answer.json()["error"]


@pytest.mark.parametrize("key", ["outputNode", "output_name"])
def test_rows_are_answered_with_the_output_that_params_name(alice, bring, key):
    bring(onnx_models.sums())
    row = {"model": "m", "values": [3, 4]}

    unsaid = alice.post("/json", json=row)
    alice.post("/params", json={"name": "m", key: "total"}).raise_for_status()
    said = alice.post("/json", json=row)
    typo = alice.post("/params", json={"name": "m", key: "totals"})

    assert unsaid.status_code == 400
    assert "'m' has several outputs (same, total)" in unsaid.json()["error"]
    assert said.json() == [7]
    assert (typo.status_code, "'total'" in typo.json()["error"]) == (400, True), typo.text
    assert alice.post("/json", json=row).json() == [7]


def test_outputs_without_a_place_for_each_row_are_told_by_column_only(alice, bring):
    bring(onnx_models.sums())

    by_row = alice.post("/v1/models/m:predict", json={"instances": [[1, 2], [3, 4]]})
    by_column = alice.post("/v1/models/m:predict", json={"inputs": [[1, 2], [3, 4]]})
    alone = alice.post("/v1/models/m:predict", json={"instances": [[1, 2]]})

    assert by_row.status_code == 400
    assert "'total'" in by_row.json()["error"]
    assert by_column.json() == {"outputs": {"same": [[1, 2], [3, 4]], "total": 10}}
    assert alone.json() == {"predictions": [{"same": [1, 2], "total": 3}]}


def test_a_number_goes_in_and_out(alice, bring):
    uploaded = bring(onnx_models.number())

    answer = alice.post("/v1/models/m:predict", json={"inputs": 1.5})

    assert uploaded.status_code == 200, uploaded.text
    assert answer.json() == {"outputs": 3.0}


def test_maps_of_a_classifier_are_plain_probabilities(alice, bring):
    uploaded = bring(onnx_models.tree())

    assert uploaded.status_code == 200, uploaded.text
    answer = alice.post("/v1/models/m:predict", json={"instances": [[1.0, 0.0]]}).json()
    (row,) = answer["predictions"]
    assert row["label"] == "qcd"
    e = np.exp([-1.0, 1.0])
    np.testing.assert_allclose(row["probabilities"], e / e.sum(), rtol=1e-5)  # higgs, qcd
    rows = alice.post("/json", json={"model": "m", "values": [[1.0, 0.0]]}).json()
    np.testing.assert_allclose(rows, [row["probabilities"]])  # the only output of numbers


def test_maps_of_a_classifier_name_their_classes_in_every_dialect(alice, bring):
    told = bring(onnx_models.tree()).json()
    tensor = {"name": "features", "shape": [1, 2], "datatype": "FP32", "data": [1, 0]}

    rows = alice.post("/json", json={"model": "m", "values": [1.0, 0.0]})
    v1 = alice.post("/v1/models/m:predict", json={"instances": [[1.0, 0.0]]})
    best = alice.post("/v1/models/m:classify", json={"examples": [{"features": [1.0, 0.0]}]})
    v2 = alice.post("/v2/models/m/infer", json={"inputs": [tensor]})

    classes = ["higgs", "qcd"]
    assert [each.get("classes") for each in told["outputs"]] == [None, classes]
    assert told["outputs"][1]["shape"] == [-1, 2]
    assert [each.headers["X-Classes"] for each in (rows, v1, v2)] == ["higgs,qcd"] * 3
    assert v1.json()["classes"] == classes
    assert [name for name, _ in best.json()["results"][0]] == classes
    outputs = {each["name"]: each for each in v2.json()["outputs"]}
    assert outputs["probabilities"]["parameters"]["classes"] == "higgs,qcd"
    assert "parameters" not in outputs["label"]


@pytest.mark.parametrize(
    ("classes", "named", "warned"),
    [
        ({"classlabels_strings": ["qcd", "higgs"]}, "higgs,qcd", "labels.txt is not used"),
        ({"classlabels_int64s": [1, 0]}, "background,signal", ""),
        ({"classlabels_int64s": [1, -1]}, "background,signal", ""),
    ],
)
def test_a_file_that_names_its_classes_counts_unless_they_are_numbers(
    alice, classes, named, warned
):
    labels = ("labels.txt", b"background\nsignal\n")
    model = ("model.onnx", onnx_models.tree(**classes))

    told = alice.post(
        "/upload", files={"model": model, "labels": labels, "name": (None, "m")}
    ).json()

    row = alice.post("/json", json={"model": "m", "values": [1.0, 0.0]})
    assert row.headers["X-Classes"] == named
    assert [warned in each for each in told["warnings"]] == ([True] if warned else [])


@pytest.mark.parametrize("x", [[[1.0, 2.0]], [[[1.0], [2.0]]], [1.0, 2.0], 3.0])
def test_an_input_of_any_shape_takes_any(alice, bring, x):
    told = bring(onnx_models.of_any_shape()).json()
    twice = (2 * np.array(x)).tolist()
    shape, flat = list(np.shape(x)), np.ravel(x).tolist()
    tensor = {"name": "x", "shape": shape, "datatype": "FP32", "data": flat}

    v1 = alice.post("/v1/models/m:predict", json={"inputs": x})
    v2 = alice.post("/v2/models/m/infer", json={"inputs": [tensor]})

    assert (told["inputs"][0]["shape"], told["inputs"][0]["unknown_rank"]) == ([-1, -1], True)
    assert v1.json() == {"outputs": twice}
    (output,) = v2.json()["outputs"]
    assert (output["shape"], output["data"]) == (shape, np.ravel(twice).tolist())
    described = alice.get("/v1/models/m/metadata").json()["metadata"]["signature_def"]
    (given,) = described["signature_def"]["serving_default"]["inputs"].values()
    assert given["tensor_shape"] == {"dim": [], "unknown_rank": True}


@pytest.mark.parametrize("values", [[1.0, 2.0], [[1.0, 2.0]], [[[1.0], [2.0]], [[3.0], [4.0]]]])
def test_rows_for_an_input_of_any_shape_go_in_as_they_are(alice, bring, values):
    bring(onnx_models.of_any_shape())

    answer = alice.post("/json", json={"model": "m", "values": values})

    assert answer.json() == (2 * np.array(values)).tolist()


def test_rows_of_one_request_change_no_answer_to_another(alice, bring):
    bring(onnx_models.rivals())
    rows = [("POST", "/json", {"json": {"model": "m", "values": [each]}}) for each in range(9)]
    tensor = {"name": "x", "shape": [2, 1], "datatype": "FP32", "data": [0, 0]}
    pair = ("POST", "/v2/models/m/infer", {"json": {"inputs": [tensor]}})

    for _ in range(2):
        *singles, both = alice.together([*rows, pair])

        assert [each.json() for each in singles] == [[1.0]] * 9
        assert both.json()["outputs"][0]["data"] == [0.5, 0.5]


@pytest.mark.parametrize("rows", [[[1, 2], [3, 4]], [[1, 2]], [[1, 2], [3, 4], [5, 6]]])
def test_as_many_columns_as_rows_are_no_answers_to_rows(alice, bring, rows):
    bring(onnx_models.transposed())

    by_row = alice.post("/v1/models/m:predict", json={"instances": rows})
    by_column = alice.post("/v1/models/m:predict", json={"inputs": rows})

    assert (by_row.status_code, "nothing about each row" in by_row.text) == (400, True)
    assert by_column.json() == {"outputs": np.transpose(rows).tolist()}


@pytest.mark.parametrize(
    ("content", "says", "hint"),
    [
        (b"no model", "no ONNX model", "onnx.checker"),
        (onnx_models.dense()[:60], "no ONNX model", "onnx.checker"),
        (onnx_models.of_tomorrow(), "opset", "for an earlier opset"),
        (onnx_models.strange(), "their.own", "ai.onnx.ml"),
        (onnx_models.weights_elsewhere(), "weights.bin", "into the tarball"),
        (onnx_models.weights_elsewhere("/etc/passwd"), "not allowed", "into the tarball"),
        (onnx_models.silent(), "model.onnx has no output", "name what it is to give"),
    ],
)
def test_what_cannot_run_is_refused_at_the_upload(alice, bring, content, says, hint):
    refused = bring(content)

    problem = refused.json()["problem"]
    assert (refused.status_code, says in problem["message"]) == (400, True), refused.text
    assert (problem["stage"], problem["file"]) == ("predict", "model.onnx")
    assert hint in problem["hint"]
    assert "onnxruntime_src" not in problem["message"]
    assert alice.get("/models").json() is None


def test_weights_in_a_file_beside_it_are_read(alice):
    files = {
        "model/model.onnx": onnx_models.weights_elsewhere(),
        "model/weights.bin": np.array([1, 2, 3, 4], "<f4").tobytes(),
    }

    uploaded = alice.post("/upload?name=m", content=packed(None, extra=files))

    assert uploaded.status_code == 200, uploaded.text
    assert alice.post("/json", json={"model": "m", "values": [[1, 1, 1, 2]]}).json() == [[14]]


@pytest.mark.parametrize("values", [[[1, 1]], [[1, 1], [2, 2]]])
def test_a_model_without_a_place_for_rows_says_so(alice, bring, values):
    bring(onnx_models.without_rows())

    rows = alice.post("/json", json={"model": "m", "values": values})

    problem = rows.json()["problem"]
    assert (rows.status_code, problem["message"]) == (400, "a row has 2 values, model 'm' takes 1")
    assert problem["hint"] == "input 'x' has shape [2]: its first dimension counts rows"
