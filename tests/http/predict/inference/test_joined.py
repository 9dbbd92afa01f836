"""Rows of V1 and V2 that come together are answered as if each had come alone, with one call."""

import json
from typing import ClassVar

import numpy as np
import pytest

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import MlaasError
from mlaas4hep.faas.bodies import Bodies
from mlaas4hep.http.predict.asking import Tally
from mlaas4hep.http.predict.call import Call
from mlaas4hep.http.predict.inference import v1, v2
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import answered

TENSOR = {"name": "x", "shape": [1, 3], "datatype": "FP32"}
DATA = [
    [0.5, 1.25, -3],
    [1, 2, 3],
    [16777217.0, 2.0, 3.0],  # 2^24 + 1, which single precision does not hold
    [2**53 + 1, 2, 3],
    [1e30, -1e30, 0],
    [1e300, 0, 0],
    [True, 2.5, 3],
    [2.5, True, 3],
    [True, False, True],
    [None, 1, 2],
    ["a", 1, 2],
    ["a", "b", "c"],
    [[1], [2], [3]],
    [[1, 2, 3]],
    [1, 2],
    [],
    [255, 0, 1],
    [-1, 0, 1],
]
ASKED = [
    *((v1, json.dumps({"instances": [row]})) for row in DATA),
    (v1, '{"instances": [[NaN, 1, 2]]}'),
    (v1, '{"instances": [[Infinity, 1, 2]]}'),
    (v1, '{"instances": [[1, 2, 3], [4, 5, 6]]}'),
    (v1, '{"inputs": [[1, 2, 3]]}'),
    *((v2, json.dumps({"inputs": [{**TENSOR, "data": row}]})) for row in DATA),
    *(
        (v2, json.dumps({"inputs": [{**TENSOR, "data": [1, 2, 3], **change}], **others}))
        for change, others in (
            ({"name": "y"}, {}),
            ({"shape": [3]}, {}),
            ({"shape": [1, 4]}, {}),
            ({"shape": [1, 3, 1]}, {}),
            ({"datatype": "INT64"}, {}),
            ({"datatype": "FP64"}, {}),
            ({}, {"id": "seven"}),
            ({}, {"outputs": [{"name": "doubled"}]}),
            ({}, {"outputs": [{"name": "doubled", "parameters": {"binary_data": True}}]}),
            ({}, {"outputs": [{"name": "tripled"}]}),
        )
    ),
]


def infer_bytes(values, parameters=None, **change):
    """Return an inference request whose row is bytes behind the JSON."""
    data = np.array([values], "<f4").tobytes()
    size = {"parameters": {"binary_data_size": len(data)}}
    tensor = {**TENSOR, "shape": [1, len(values)], **size, **change}
    head = json.dumps({"inputs": [tensor], "parameters": parameters or {}}).encode()
    return v2, head + data, len(head)


AS_BYTES = {"binary_data_output": True}
ASKED += [
    infer_bytes([0.5, 1.25, -3]),
    infer_bytes([0.5, 1.25, -3], AS_BYTES),
    infer_bytes([4, 5, 6], AS_BYTES, id="true"),
    infer_bytes([np.nan, np.inf, 6], AS_BYTES),
    infer_bytes([255, 0, 1]),
    infer_bytes([1, 0, 1]),
    infer_bytes([1, 2]),
    infer_bytes([]),
    infer_bytes([1, 2, 3], shape=[3]),
    infer_bytes([1, 2, 3], shape=[3, 1]),
    infer_bytes([1, 2, 3], shape=[1, 4]),
    infer_bytes([1, 2, 3], datatype="INT32"),
    infer_bytes([1, 2, 3], name="y"),
]


class Doubling:
    """Doubles rows of three numbers of a type, and counts how often it is called."""

    outputs = (TensorInfo(name="doubled", dtype="float64", shape=(-1, 3)),)
    signatures: ClassVar[dict] = {}
    platform, prompt_rows = "test", 1000

    def __init__(self, dtype):
        self.inputs = (TensorInfo(name="x", dtype=dtype, shape=(-1, 3)),)
        self.calls = 0

    def run(self, feeds):
        self.calls += 1
        assert feeds["x"].dtype == self.inputs[0].dtype
        return {"doubled": feeds["x"].astype(np.float64) * 2}


def model(dtype="float32"):
    record = ModelRecord(owner="o", name="net", version="v1", files=())
    return LoadedModel(record=record, etag="", runtime=Doubling(dtype), output="doubled")


def asking(dialect, body, split=None):
    headers = {} if split is None else {b"inference-header-content-length": b"%d" % split}
    sent = body if isinstance(body, bytes) else body.encode()
    call = Call({}, None, "/", "POST", headers, Bodies(), args={"model": "net"}, body=sent)
    return dialect.asking_of(call)


def answers(served, asked):
    """Return what each is told when all come together: status 200 and a body, or the refusal."""
    found = {}
    for place, each in enumerate(asked):
        try:
            found[place] = asking(*each)
        except MlaasError as error:
            found[place] = error
    sent = {place: each for place, each in found.items() if not isinstance(each, MlaasError)}
    results = dict(
        zip(sent, answered(served, [each.question for each in sent.values()]), strict=True)
    )
    told = [results.get(place, found[place]) for place in found]
    return [
        (each.status, str(each))
        if isinstance(each, MlaasError)
        else sent[place].to_answer(each, Tally())
        for place, each in enumerate(told)
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
def test_together_and_alone_are_told_the_same(dtype):
    together = answers(model(dtype), ASKED)

    for each, told in zip(ASKED, together, strict=True):
        assert told == answers(model(dtype), [each])[0], each


def test_rows_that_are_alike_are_one_call():
    served = model()
    rows = [[place, 1.5, -2] for place in range(50)]
    told = answers(
        served,
        [(v1, json.dumps({"instances": [row]})) for row in rows]
        + [(v2, json.dumps({"inputs": [{**TENSOR, "data": row}]})) for row in rows]
        + [infer_bytes(row, AS_BYTES) for row in rows],
    )

    doubled = [[2.0 * value for value in row] for row in rows]
    assert [json.loads(each.body) for each in told[:50]] == [{"predictions": [r]} for r in doubled]
    assert [json.loads(each.body)["outputs"][0]["data"] for each in told[50:100]] == doubled
    assert [np.frombuffer(each.body[-24:]).tolist() for each in told[100:]] == doubled
    assert served.runtime.calls == 2  # one more asks whether rows change each other


def test_two_single_precision_numbers_are_not_told_apart_and_two_doubles_are():
    asked = (v1, '{"instances": [[16777217.0, 0, 0]]}')

    def first(dtype):
        told, _ = answers(model(dtype), [asked, asked])
        return json.loads(told.body)["predictions"][0][0]

    assert first("float32") == 2 * 2.0**24
    assert first("float64") == first("int64") == 2 * (2.0**24 + 1)
