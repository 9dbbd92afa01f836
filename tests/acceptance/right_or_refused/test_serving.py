"""Every kind of model that was once served wrongly: right, or refused, over HTTP.

What TensorFlow, or Keras, says to the same rows in this process is what is right. What needs no
TensorFlow on the other side has more cases in tests/http/predict.
"""

import threading

import numpy as np
import pytest
import tritonclient.http as triton

from tests.acceptance.right_or_refused.answers import ROWS, is_refused

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def tritons(laptop):
    """Return a function that asks by tritonclient, and gives the output `wanted`."""

    def infer(model, tensor, wanted, is_binary):
        client = triton.InferenceServerClient(laptop.urls[2].removeprefix("http://").rstrip("/"))
        headers = {"Authorization": f"Bearer {laptop.token('alice')}"}
        outputs = [triton.InferRequestedOutput(wanted, binary_data=is_binary)]
        answer = client.infer(model, [tensor], outputs=outputs, headers=headers)
        client.close()
        return answer.as_numpy(wanted)

    return infer


def signature(folder, name="serving_default", **inputs):
    """Return the one output of a signature of a SavedModel."""
    from tests.quicktensorflow import tf  # noqa: PLC0415 - takes seconds

    loaded = tf.saved_model.load(str(folder))
    given = {key: tf.constant(value) for key, value in inputs.items()}
    (answer,) = loaded.signatures[name](**given).values()
    return answer.numpy().tolist()


def test_a_quantised_model_takes_and_gives_the_numbers_that_it_stands_for(
    ask, bring, predicted, case_models
):
    from tests.quicktensorflow import tf  # noqa: PLC0415 - takes seconds

    lite = tf.lite.Interpreter(str(case_models / "int8" / "model.tflite"))
    lite.allocate_tensors()
    (taken,), (given,) = lite.get_input_details(), lite.get_output_details()

    def of_interpreter(row):
        scale, zero = taken["quantization"]
        lite.set_tensor(taken["index"], np.round(row / scale + zero).astype(np.int8)[None])
        lite.invoke()
        scale, zero = given["quantization"]
        return ((lite.get_tensor(given["index"])[0].astype(np.float32) - zero) * scale).tolist()

    uploaded = bring("int8", "int8").json()

    assert [each["dtype"] for each in uploaded["inputs"] + uploaded["outputs"]] == ["float32"] * 2
    answer = predicted("int8", ROWS.tolist()).json()["predictions"]
    np.testing.assert_allclose(answer, [of_interpreter(row) for row in ROWS], rtol=1e-5)
    assert answer[0] != answer[1]
    nan = ask("POST", "/v1/models/int8:predict", content=b'{"instances": [[NaN, 0, 0, 0]]}')
    assert is_refused(nan, "no integer of it stands for NaN")


WRONG = [
    ({"n": 1.5, "small": 1, "yes": True}, "takes int64, and 1.5 is none"),
    ({"n": 1, "small": -1, "yes": True}, "takes uint8, and -1 is none"),
    ({"n": 1, "small": 256, "yes": True}, "takes uint8, and 256 is none"),
    ({"n": 1, "small": 1, "yes": 5}, "takes bool, and 5 is none"),
    ({"n": True, "small": 1, "yes": True}, ", and true at "),
    ({"n": "1", "small": 1, "yes": True}, "not numbers"),
    ({"n": 10**30, "small": 1, "yes": True}, "takes int64, and 1e+30 is none"),
]
KINDS = {"n": "INT64", "small": "UINT8", "yes": "BOOL"}


def test_values_of_another_type_are_refused(ask, bring, predicted, case_models):
    bring("counts", "counts")

    for body, says in WRONG:
        row = {name: [value] for name, value in body.items()}
        inputs = [
            {"name": name, "shape": [1, 1], "datatype": kind, "data": [body[name]]}
            for name, kind in KINDS.items()
        ]
        assert is_refused(predicted("counts", [row]), says), row
        v2 = ask("POST", "/v2/models/counts/infer", json={"inputs": inputs})
        assert is_refused(v2, says), row
    nan = b'{"instances": [{"n": [NaN], "small": [1], "yes": [true]}]}'
    assert ask("POST", "/v1/models/counts:predict", content=nan).status_code == 400
    good = {"n": np.int64([[2]]), "small": np.uint8([[255]]), "yes": [[True]]}
    right = signature(case_models / "counts", **good)
    answer = predicted("counts", [{"n": [2], "small": [255], "yes": [True]}])
    assert answer.json() == {"predictions": right} == {"predictions": [[258]]}


ODD = [{"shape": "14"}, {"shape": [1.0, 4]}, {"shape": [True, 4]}, {"shape": [-1, 4]}]


def test_odd_tensors_are_refused_and_nan_is_a_number(ask, bring, tritons, serving_models):
    net = (serving_models / "net" / "model.tflite").read_bytes()
    bring(None, "lite", extra={"model/model.tflite": net})
    one = {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}

    for inputs in ([one, one], *([{**one, **odd}] for odd in ODD)):
        answer = ask("POST", "/v2/models/lite/infer", json={"inputs": inputs})
        assert answer.status_code == 400, inputs
    rows = triton.InferInput("features", [1, 4], "FP32")
    rows.set_data_from_numpy(np.array([[np.nan, 1, 2, np.inf]], np.float32), binary_data=False)
    assert np.isnan(tritons("lite", rows, "output_0", is_binary=True)).all()


def test_strings_go_in_and_out(ask, bring, predicted, tritons, case_models):
    bring("words", "words")

    answer = predicted("words", [["ab"], [{"b64": "/w=="}]])

    right = signature(case_models / "words", word=[[b"ab"], [b"\xff"]])
    assert right == [[b"abab"], [b"\xff\xff"]]
    assert answer.json() == {"predictions": [["abab"], [{"b64": "//8="}]]}
    data = {"name": "word", "shape": [1, 1], "datatype": "BYTES", "data": ["ab"]}
    (output,) = ask("POST", "/v2/models/words/infer", json={"inputs": [data]}).json()["outputs"]
    assert output == {"name": "twice", "datatype": "BYTES", "shape": [1, 1], "data": ["abab"]}
    for is_binary, texts in ((True, [b"abab", b"cc"]), (False, ["abab", "cc"])):
        word = triton.InferInput("word", [2, 1], "BYTES")
        word.set_data_from_numpy(np.array([[b"ab"], [b"c"]], object), binary_data=is_binary)
        assert list(tritons("words", word, "twice", is_binary).ravel()) == texts
    assert ask("GET", "/v2/models/words").json()["inputs"][0]["datatype"] == "BYTES"


def test_a_folder_as_tensorflow_serving_has_it_is_served_by_its_newest_number(
    ask, bring, predicted, case_models
):
    of_before = {"half/00000007/saved_model.pb": b"not this one"}
    uploaded = bring("half_plus_two", "half", top="half/00000123", extra=of_before)

    assert uploaded.status_code == 200, uploaded.text
    right = signature(case_models / "half_plus_two", x=np.float32([[1], [2], [5]]))
    for path in ("half", "half/versions/123", "half/versions/00000123"):
        assert predicted(path, [1.0, 2.0, 5.0]).json() == {
            "predictions": [value for (value,) in right]
        }
    (state,) = ask("GET", "/v1/models/half").json()["model_version_status"]
    assert (state["version"], state["state"]) == ("123", "AVAILABLE")
    assert "half" in [each["name"] for each in ask("GET", "/v1/models").json()["models"]]


def test_a_signature_is_chosen_by_its_name(ask, bring, predicted, case_models):
    assert bring("ways", "ways").json()["signatures"] == ["double", "triple"]

    for name in ("double", "triple"):
        right = signature(case_models / "ways", name, x=[[3.0]])
        answer = predicted("ways", [[3.0]], signature_name=name)
        assert answer.json() == {"predictions": right}
    for named in ({}, {"signature_name": "fourfold"}):
        assert is_refused(predicted("ways", [[3.0]], **named), "double, triple")
    both = ask("GET", "/v1/models/ways/metadata").json()["metadata"]["signature_def"]
    assert set(both["signature_def"]) == {"double", "triple"}


def test_the_old_version_answers_until_the_new_one_is_ready(bring, predicted):
    bring("half_plus_two", "again")
    uploads = []
    upload = threading.Thread(
        target=lambda: uploads.append(bring("two_ends", "again", params={"outputNode": "minus"}))
    )

    upload.start()
    meanwhile = []
    while upload.is_alive():
        meanwhile.append(predicted("again", [[5.0]]).json())
    upload.join()

    assert uploads[0].status_code == 200
    assert {"predictions": [[4.5]]} in meanwhile
    assert all(each in ({"predictions": [[4.5]]}, {"predictions": [[4.0]]}) for each in meanwhile)
    broken = bring(None, "again", extra={"model/model.keras": b"no model"})
    assert broken.status_code == 400
    assert predicted("again", [[5.0]]).json() == {"predictions": [[4.0]]}


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("lambda", "model.export(folder)"),
        ("own", "model.export(folder)"),
        ("snake", "calls Python code"),
    ],
)
def test_a_model_with_code_of_its_own_is_refused_at_the_upload(ask, bring, kind, says):
    assert is_refused(bring(kind, f"code-{kind}"), says)
    assert f"code-{kind}" not in ask("GET", "/models").text


@pytest.mark.parametrize("kind", ["old", "keras2"])
def test_files_of_earlier_keras_are_served(bring, predicted, case_models, kind):
    from tests.quicktensorflow import keras  # noqa: PLC0415, I001 - takes seconds, and is first
    import tf_keras  # noqa: PLC0415

    load = keras.models.load_model if kind == "old" else tf_keras.models.load_model
    (path,) = (case_models / kind).glob("model.*")

    uploaded = bring(kind, kind)

    assert uploaded.status_code == 200, uploaded.text
    right = load(path, compile=False).predict(ROWS, verbose=0)
    answer = predicted(kind, ROWS.tolist()).json()["predictions"]
    np.testing.assert_allclose(answer, right, rtol=1e-5)


def test_a_keras_file_may_take_its_inputs_by_name(bring, predicted):
    bring("named", "named")

    answer = predicted("named", [{"a": [5.0], "b": [3.0]}, {"b": [1.0], "a": [0.0]}])

    assert answer.json() == {"predictions": [[2.0], [-1.0]]}


def test_signatures_that_take_tf_examples_classify_and_regress(bring, predicted):
    bring("examples", "examples")
    examples = [{"x": 0.5}, {"x": [0.25], "kind": "late", "n": 3}]
    one, about = {"signature_name": "classify", "context": {"n": -2}}, {"signature_name": "regress"}

    regressed = predicted("examples", examples, "regress", **about)
    classified = predicted("examples", examples[:1], "classify", **one)
    wrong = predicted("examples", [{"x": "late"}], "regress", **about)

    assert regressed.json() == {"results": [0.25, 4.125]}
    assert classified.json() == {"results": [[["higgs", -1.75], ["qcd", 2.75]]]}
    assert wrong.status_code == 400, wrong.text


def test_labels_may_lie_in_a_folder(bring, predicted):
    params = {"labels": "labels/names.txt"}
    bring("half_plus_two", "named-so", params=params, extra={"model/labels/names.txt": b"higgs\n"})

    answer = predicted("named-so", [{"x": [2.0]}], "classify")

    assert answer.json() == {"results": [[["higgs", 3.0]]]}
