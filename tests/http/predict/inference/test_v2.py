"""The Open Inference Protocol, asked by Triton's own client."""

import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.inference import v2_infer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # gevent's, about its own future
    triton = pytest.importorskip("tritonclient.http")


def token():
    """Return new headers each time: the client writes into what it is given."""
    return {"Authorization": "Bearer alice"}


@pytest.fixture
def client(url):
    with triton.InferenceServerClient(url) as client:
        yield client


def tensors(values, names=("features",), binary=True, datatype="FP32"):
    inputs = []
    for name, each in zip(names, values, strict=True):
        tensor = triton.InferInput(name, list(each.shape), datatype)
        tensor.set_data_from_numpy(each, binary_data=binary)
        inputs.append(tensor)
    return inputs


def test_health_and_metadata(world, client):
    world.serve()

    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("luca_1", headers=token())
    assert not client.is_model_ready("other", headers=token())
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.get_model_metadata("luca_1", headers=token()) == {
        "name": "luca_1",
        "versions": ["v1"],
        "platform": "tensorflow_lite",
        "inputs": [{"name": "features", "datatype": "FP32", "shape": [-1, 4]}],
        "outputs": [{"name": "output_0", "datatype": "FP32", "shape": [-1, 1]}],
    }
    assert client.get_model_config("luca_1", headers=token())["input"] == [
        {"name": "features", "data_type": "TYPE_FP32", "dims": [4]}
    ]
    assert client.get_model_repository_index(headers=token())[0]["name"] == "luca_1"


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_tensors_go_as_json_and_as_bytes(world, client, expected, binary_in, binary_out):
    world.serve()
    rows = np.array(expected["rows"], np.float32)
    outputs = [triton.InferRequestedOutput("output_0", binary_data=binary_out)]

    result = client.infer(
        "luca_1",
        tensors([rows], binary=binary_in),
        outputs=outputs,
        headers=token(),
        request_id="7",
    )

    np.testing.assert_allclose(result.as_numpy("output_0"), expected["expected"], atol=1e-6)
    assert (result.get_response()["id"], result.get_response()["model_version"]) == ("7", "v1")


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_request_may_be_packed(world, client, expected, packing):
    world.serve()
    rows = np.array(expected["rows"], np.float32)

    result = client.infer(
        "luca_1", tensors([rows]), headers=token(), request_compression_algorithm=packing
    )

    np.testing.assert_allclose(result.as_numpy("output_0"), expected["expected"], atol=1e-6)


def test_several_inputs_and_outputs(world, client):
    world.serve("pair", folder="pair")
    values = [np.ones((2, 2), np.float32), np.ones((2, 3), np.float32)]

    result = client.infer("pair", tensors(values, ("left", "right")), headers=token())

    np.testing.assert_allclose(result.as_numpy("total"), [[5], [5]])
    np.testing.assert_allclose(result.as_numpy("scaled"), [[2, 2], [2, 2]])


def test_other_types_are_converted(world, client, expected):
    world.serve()
    rows = np.array(expected["rows"], np.float64)

    result = client.infer("luca_1", tensors([rows], datatype="FP64"), headers=token())

    np.testing.assert_allclose(result.as_numpy("output_0"), expected["expected"], atol=1e-6)


def test_what_was_counted_can_be_asked_for(world, client, expected):
    world.serve()
    client.infer("luca_1", tensors([np.array(expected["rows"], np.float32)]), headers=token())

    (stats,) = client.get_inference_statistics("luca_1", headers=token())["model_stats"]

    assert (stats["inference_count"], stats["execution_count"]) == (3, 1)


def test_errors_reach_the_client_as_texts(world, client):
    world.serve()

    with pytest.raises(triton.InferenceServerException, match=r"takes \[-1, 4\]"):
        client.infer("luca_1", tensors([np.ones((1, 3), np.float32)]), headers=token())
    with pytest.raises(triton.InferenceServerException, match="there is no token"):
        client.infer("luca_1", tensors([np.ones((1, 4), np.float32)]))


GOOD = {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
OUT = {"name": "output_0"}


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"inputs": 3},
        {"inputs": [{}]},
        {"inputs": [{**GOOD, "datatype": "BYTES"}]},
        {"inputs": [{**GOOD, "shape": [-1, 4]}]},
        {"inputs": [{**GOOD, "shape": [2, 4]}]},
        {"inputs": [{**GOOD, "shape": [2, 4], "data": [[1, 2], [3, 4], [5, 6], [7, 8]]}]},
        {"inputs": [{**GOOD, "shape": "x"}]},
        {"inputs": [{**GOOD, "data": ["a", 2, 3, 4]}]},
        {"inputs": [{**GOOD, "parameters": {"binary_data_size": 16}}]},
        {"inputs": [{**GOOD, "name": "other"}]},
        {"inputs": [GOOD], "outputs": [{"name": "other"}]},
        {"inputs": [GOOD], "outputs": [{}]},
        {"inputs": [GOOD], "outputs": [{**OUT, "parameters": {"classification": 1}}]},
        {"inputs": [GOOD], "outputs": [{**OUT, "parameters": {"shared_memory_region": "a"}}]},
        {"inputs": [GOOD], "parameters": 3},
    ],
)
def test_wrong_requests_are_refused(world, alice, request_):
    world.serve()

    answer = alice.post("/v2/models/luca_1/infer", json=request_)

    assert (answer.status_code, type(answer.json()["error"])) == (400, str)


@pytest.mark.parametrize("header", ["-1", "99999", "x"])
def test_a_wrong_length_of_the_json_is_refused(world, alice, header):
    world.serve()

    answer = alice.post(
        "/v2/models/luca_1/infer",
        json={"inputs": [GOOD]},
        headers={"Inference-Header-Content-Length": header},
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("size", [16.0, True, "sixteen", [16]])
def test_a_size_of_a_tensor_is_a_whole_number(world, alice, size):
    world.serve()
    tensor = {**GOOD, "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [tensor]}).encode()

    answer = alice.post(
        "/v2/models/luca_1/infer",
        content=head + np.ones(4, "<f4").tobytes(),
        headers={"Inference-Header-Content-Length": str(len(head))},
    )

    assert (answer.status_code, "a length of" in answer.json()["error"]) == (400, True)


def test_a_byte_that_is_neither_0_nor_1_is_no_bool():
    served = SimpleNamespace(runtime=SimpleNamespace(inputs=()))
    found = [v2_infer.Input("yes", (2,), "BOOL", bytes(each)) for each in ((0, 1), (1, 2))]

    assert found[0].array(served).tolist() == [False, True]
    with pytest.raises(InvalidRequestError, match="takes bool, and 2 is none"):
        found[1].array(served)


ROW = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2.5, -3]}
ODD = [
    {**ROW, "shape": shape} for shape in ([1.0, 3], [True, 3], [1, 3.0], [3], [1, 1, 3], "13", None)
]
ODD += [{**ROW, "name": 5}, {**ROW, "datatype": "FP64"}, {**ROW, "data": "123"}]
ODD += [{**ROW, "data": [[1, 2.5, -3]]}, {**ROW, "data": [1]}, {**ROW, "parameters": {}}]


@pytest.mark.parametrize(
    "message",
    [
        {"inputs": [ROW]},
        {"inputs": [ROW], "id": "17"},
        {"inputs": [ROW], "id": 17},
        {"inputs": [ROW], "id": None},
        {"inputs": [ROW], "parameters": {"binary_data_output": True}},
        {"inputs": [ROW], "outputs": [{"name": "y"}]},
        {"inputs": [ROW], "unknown": 1},
        {"inputs": {"x": ROW}},
        *({"inputs": [each]} for each in ODD),
    ],
)
def test_a_row_alone_is_read_as_it_is_with_nothing_beside_it(message):
    """What stands beside it, said to be as it is anyway, makes every look at it a general one."""
    general = {"parameters": {}, **message}

    assert read(message) == read(general)


def read(message):
    try:
        return v2_infer.from_json(message)
    except InvalidRequestError as error:
        return str(error)


def test_it_also_works_by_body(world, alice):
    world.serve()

    answer = alice.post("/", json={"action": "infer", "model": "luca_1", "inputs": [GOOD]})

    assert answer.json()["outputs"][0]["shape"] == [1, 1]


def test_every_type_has_one_name():
    assert v2_infer.datatype("float32") == "FP32"
    assert v2_infer.datatype("str") == "BYTES"
