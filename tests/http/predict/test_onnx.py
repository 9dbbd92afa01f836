"""Uploaded `.onnx` models over every dialect; the right values are NumPy's."""

import numpy as np
import pytest

from tests import onnx_models

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


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no model", "no ONNX model"),
        (onnx_models.dense()[:60], "no ONNX model"),
        (onnx_models.of_tomorrow(), "opset"),
        (onnx_models.strange(), "their.own"),
    ],
)
def test_what_cannot_run_is_refused_at_the_upload(alice, bring, content, says):
    refused = bring(content)

    assert (refused.status_code, says in refused.json()["error"]) == (400, True), refused.text
    assert alice.get("/models").json() is None
