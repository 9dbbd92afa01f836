"""Models of every kind that people bring: right, or refused at the upload."""

import json

import numpy as np
import pytest
import tritonclient.http as triton

from tests.http.predict.packing import packed


@pytest.fixture
def bring(alice, case_models):
    def bring(kind, *, name="m", top=None, params=None, extra=()):
        texts = dict(extra)
        if params is not None:
            texts[f"{top or 'model'}/params.json"] = json.dumps(params).encode()
        body = packed(case_models / kind, top=top or "model", extra=texts)
        return alice.post(f"/upload?name={name}", content=body)

    return bring


def predicted(alice, instances, **more):
    return alice.post("/v1/models/m:predict", json={"instances": instances, **more})


def frozen(alice, serving_models, **params):
    files = {
        "model": ("frozen.pb", (serving_models / "net" / "frozen.pb").read_bytes()),
        "params": ("params.json", json.dumps({"name": "m", **params}).encode()),
        "name": (None, "m"),
    }
    return alice.post("/upload", files=files)


def test_a_frozen_graph_is_read_at_the_node_that_params_name(alice, serving_models, expected):
    node = (serving_models / "net" / "frozen_output.txt").read_text()

    uploaded = frozen(alice, serving_models, inputNode="entry:0", outputNode=f"{node}:0")

    assert uploaded.status_code == 200, uploaded.text
    assert [each["name"] for each in uploaded.json()["outputs"]] == [node]
    answer = alice.post("/json", json={"values": expected["rows"], "model": "m"}).json()
    np.testing.assert_allclose(answer, expected["expected"], atol=1e-6)
    wrong = alice.post("/params?model=m", json={"outputNode": "Identiti"})
    assert (wrong.status_code, "did you mean 'Identity'" in wrong.json()["error"]) == (400, True)


@pytest.mark.parametrize("params", [{"outputNode": "Identiti"}, {"inputNode": "entri"}])
def test_a_node_that_a_frozen_graph_has_not_is_refused_with_the_nearest(
    alice, serving_models, params
):
    refused = frozen(alice, serving_models, **params)

    assert (refused.status_code, "did you mean" in refused.json()["error"]) == (400, True)
    assert alice.get("/models").json() is None


ENDS = {
    "two_ends": ("ends in 2: plus, minus", "minus", [5.0], [4.0]),
    "split": ("has 2 outputs: halves:0, halves:1", "halves:1", [5.0, 6.0], [6.0]),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_frozen_graph_without_a_named_output_has_one_end_or_is_refused(alice, bring, kind):
    says, node, row, answer = ENDS[kind]
    refused = bring(kind)

    assert refused.status_code == 400
    assert says in refused.json()["error"]
    assert bring(kind, params={"outputNode": node}).status_code == 200
    assert predicted(alice, [row]).json() == {"predictions": [answer]}


def test_a_frozen_graph_may_come_as_text(alice, case_models, bring, tmp_path):
    import tensorflow as tf  # noqa: PLC0415

    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString((case_models / "two_ends" / "graph.pb").read_bytes())
    files = {
        "model": ("graph.pbtxt", str(graph).encode()),
        "params": ("params.json", b'{"outputNode": "plus"}'),
        "name": (None, "m"),
    }

    assert alice.post("/upload", files=files).status_code == 200
    assert predicted(alice, [[5.0]]).json() == {"predictions": [[6.0]]}


def test_a_quantised_model_takes_and_gives_numbers(alice, bring, case_models):
    kept = json.loads((case_models / "int8" / "expected.json").read_text())

    uploaded = bring("int8").json()

    assert [each["dtype"] for each in uploaded["inputs"] + uploaded["outputs"]] == ["float32"] * 2
    answer = predicted(alice, kept["rows"]).json()["predictions"]
    np.testing.assert_allclose(answer, kept["expected"], atol=0.1)


def test_a_folder_as_tensorflow_serving_has_it_is_served_by_its_number(alice, bring):
    uploaded = bring("half_plus_two", top="half_plus_two/00000123")

    assert uploaded.status_code == 200, uploaded.text
    for path in ("m", "m/versions/123", "m/versions/00000123"):
        answer = alice.post(f"/v1/models/{path}:predict", json={"instances": [1.0, 2.0, 5.0]})
        assert answer.json() == {"predictions": [2.5, 3.0, 4.5]}
    state = alice.get("/v1/models/m").json()["model_version_status"][0]
    assert (state["version"], state["state"]) == ("123", "AVAILABLE")
    (listed,) = alice.get("/v1/models").json()["models"]
    assert listed["name"] == "m"


WRONG = [
    ({"n": 1.5, "small": 1, "yes": True}, "takes int64, and 1.5 is none"),
    ({"n": 1, "small": -1, "yes": True}, "takes uint8, and -1 is none"),
    ({"n": 1, "small": 256, "yes": True}, "takes uint8, and 256 is none"),
    ({"n": 1, "small": 1, "yes": 5}, "takes bool, and 5 is none"),
    ({"n": True, "small": 1, "yes": True}, "takes int64, and True is none"),
    ({"n": "1", "small": 1, "yes": True}, "not numbers"),
    ({"n": 10**30, "small": 1, "yes": True}, "takes int64, and 1e+30 is none"),
]


def test_values_of_another_type_are_refused(alice, bring):
    """One test, because each start of TensorFlow takes seconds."""
    bring("counts")
    for body, says in WRONG:
        row = {name: [value] for name, value in body.items()}
        inputs = [
            {"name": name, "shape": [1, 1], "datatype": kind, "data": [body[name]]}
            for name, kind in (("n", "INT64"), ("small", "UINT8"), ("yes", "BOOL"))
        ]

        answers = (
            predicted(alice, [row]),
            alice.post("/v2/models/m/infer", json={"inputs": inputs}),
        )

        for answer in answers:
            assert (answer.status_code, says in answer.json()["error"]) == (400, True), answer.text
    good = {"n": [2], "small": [255], "yes": [True]}
    assert predicted(alice, [good]).json() == {"predictions": [[258]]}
    nan = b'{"instances": [{"n": [NaN], "small": [1], "yes": [true]}]}'
    assert alice.post("/v1/models/m:predict", content=nan).status_code == 400


@pytest.mark.parametrize(
    "change",
    [{"shape": "14"}, {"shape": [1.0, 4]}, {"shape": [True, 4]}, {"name": "twice"}],
)
def test_odd_shapes_and_inputs_that_are_there_twice_are_refused(world, alice, change):
    world.serve("m")
    one = {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
    inputs = [one, one] if change == {"name": "twice"} else [{**one, **change}]

    answer = alice.post("/v2/models/m/infer", json={"inputs": inputs})

    assert answer.status_code == 400, answer.text


def test_numbers_too_large_for_single_precision_are_refused(world, alice):
    world.serve("m")

    assert predicted(alice, [[1e300, 0, 0, 0]]).status_code == 400
    assert alice.post("/json", json={"model": "m", "values": [1e300, 0, 0, 0]}).status_code == 400


def test_strings_go_in_and_out(alice, bring):
    assert bring("words").status_code == 200

    assert predicted(alice, [["ab"], [{"b64": "/w=="}]]).json() == {
        "predictions": [["abab"], [{"b64": "//8="}]]
    }
    data = {"name": "word", "shape": [1, 1], "datatype": "BYTES", "data": ["ab"]}
    (output,) = alice.post("/v2/models/m/infer", json={"inputs": [data]}).json()["outputs"]
    assert output == {"name": "twice", "datatype": "BYTES", "shape": [1, 1], "data": ["abab"]}
    assert alice.get("/v2/models/m").json()["inputs"][0]["datatype"] == "BYTES"


@pytest.mark.parametrize("binary", [True, False])
def test_tritons_client_sends_and_gets_strings(world, bring, url, binary):
    bring("words")
    word = triton.InferInput("word", [2, 1], "BYTES")
    word.set_data_from_numpy(np.array([[b"ab"], [b"c"]], object), binary_data=binary)
    wanted = triton.InferRequestedOutput("twice", binary_data=binary)

    client = triton.InferenceServerClient(url)
    answer = client.infer("m", [word], outputs=[wanted], headers={"Authorization": "Bearer alice"})

    assert [str(each) for each in answer.as_numpy("twice").ravel()] in (
        ["abab", "cc"],
        ["b'abab'", "b'cc'"],
    )
    client.close()


def test_nan_in_tritons_json_is_taken_as_it_is(world, url):
    world.serve("m")
    rows = triton.InferInput("features", [1, 4], "FP32")
    rows.set_data_from_numpy(np.array([[np.nan, 1, 2, np.inf]], np.float32), binary_data=False)
    wanted = triton.InferRequestedOutput("output_0", binary_data=True)

    client = triton.InferenceServerClient(url)
    answer = client.infer("m", [rows], outputs=[wanted], headers={"Authorization": "Bearer alice"})

    assert np.isnan(answer.as_numpy("output_0")).all()
    client.close()


def test_a_signature_is_chosen_by_its_name(alice, bring):
    assert bring("ways").json()["signatures"] == ["double", "triple"]

    chosen = [
        predicted(alice, [[3.0]], signature_name=name).json() for name in ("double", "triple")
    ]
    unnamed = [predicted(alice, [[3.0]]), predicted(alice, [[3.0]], signature_name="fourfold")]

    assert chosen == [{"predictions": [[6.0]]}, {"predictions": [[9.0]]}]
    for answer in unnamed:
        assert (answer.status_code, "double, triple" in answer.json()["error"]) == (400, True)
    both = alice.get("/v1/models/m/metadata").json()["metadata"]["signature_def"]
    assert set(both["signature_def"]) == {"double", "triple"}


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("lambda", "model.export(folder)"),
        ("own", "model.export(folder)"),
        ("snake", "calls Python code"),
    ],
)
def test_a_model_with_code_of_its_own_is_refused_at_the_upload(alice, bring, kind, says):
    refused = bring(kind)

    assert (refused.status_code, says in refused.json()["error"]) == (400, True)
    assert alice.get("/models").json() is None


def test_a_keras_file_may_take_its_inputs_by_name(alice, bring):
    bring("named")

    answer = predicted(alice, [{"a": [5.0], "b": [3.0]}, {"b": [1.0], "a": [0.0]}])

    assert answer.json() == {"predictions": [[2.0], [-1.0]]}


@pytest.mark.parametrize("kind", ["old", "keras2"])
def test_files_of_earlier_keras_are_served(alice, bring, case_models, kind):
    kept = json.loads((case_models / kind / "expected.json").read_text())

    uploaded = bring(kind)

    assert uploaded.status_code == 200, uploaded.text

    answer = predicted(alice, kept["rows"]).json()["predictions"]
    np.testing.assert_allclose(answer, kept["expected"], rtol=1e-5)


def test_a_broken_upload_never_replaces_what_is_served(alice, bring, case_models):
    bring("half_plus_two")

    broken = alice.post(
        "/upload?name=m", content=packed(None, extra={"model/model.keras": b"no model"})
    )

    assert broken.status_code == 400
    assert predicted(alice, [1.0]).json() == {"predictions": [2.5]}


def test_examples_are_classified_and_regressed(world, alice):
    world.serve_trained()
    world.serve("three", "classes")
    example = {"met": 0.9, "njets": 0.8, "Muon_pt_0": 0.7, "Muon_pt_1": 0.6}
    rows = [[0.9, 0.8, 0.7, 0.6]]
    (single,) = alice.post("/v1/models/luca_1:predict", json={"instances": rows}).json()[
        "predictions"
    ]

    regressed = alice.post("/v1/models/luca_1:regress", json={"examples": [example]})
    classified = alice.post("/v1/models/luca_1:classify", json={"examples": [example]})
    wrong = alice.post("/v1/models/luca_1:regress", json={"examples": [{**example, "mett": 1}]})

    assert regressed.json() == {"results": single}
    assert classified.json() == {"results": [[["0", pytest.approx(single[0])]]]}
    assert (wrong.status_code, "did you mean 'met'" in wrong.json()["error"]) == (400, True)


def test_signatures_that_take_tf_examples_classify_and_regress(alice, bring):
    bring("examples")
    examples = [{"x": 0.5}, {"x": [0.25], "kind": "late", "n": 3}]

    regressed = alice.post(
        "/v1/models/m:regress", json={"signature_name": "regress", "examples": examples}
    )
    classified = alice.post(
        "/v1/models/m:classify",
        json={"signature_name": "classify", "context": {"n": -2}, "examples": examples[:1]},
    )
    wrong = alice.post(
        "/v1/models/m:regress", json={"signature_name": "regress", "examples": [{"x": "late"}]}
    )

    assert regressed.json() == {"results": [0.25, 4.125]}
    assert classified.json() == {"results": [[["higgs", -1.75], ["qcd", 2.75]]]}
    assert wrong.status_code == 400, wrong.text


def test_labels_may_lie_in_a_folder(alice, bring):
    params = {"labels": "labels/names.txt"}
    bring("half_plus_two", params=params, extra={"model/labels/names.txt": b"higgs\n"})

    answer = alice.post("/v1/models/m:classify", json={"examples": [{"x": [2.0]}]})

    assert answer.json() == {"results": [[["higgs", 3.0]]]}
