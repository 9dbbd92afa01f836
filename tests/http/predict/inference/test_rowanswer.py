"""One row for a plain model is answered as any row for any model, byte by byte."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.asking import Tally
from mlaas4hep.http.predict.inference import v2_bodies, v2_infer
from mlaas4hep.http.predict.rows import Rows, asking_rows
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel

ROW = [1.0, 2.0, 0.1]
NAME = 'say "data":[] \\ é'  # what the answer must not be cut at


def model(numbers, gives=None, **others):
    """Return a model of `numbers` outputs a row; `gives`: of how many it tells beforehand."""
    taken = TensorInfo(name="x", dtype="float32", shape=(-1, len(ROW)))
    given = TensorInfo(name=NAME, dtype="float32", shape=(-1, gives or numbers))
    runtime = SimpleNamespace(
        inputs=(taken,),
        outputs=(given,),
        signatures={},
        run=lambda feeds: {NAME: np.repeat(feeds["x"][:, 2:], numbers, axis=1)},
    )
    record = ModelRecord(owner="o", name=NAME, version="v", files=())
    return LoadedModel(record=record, etag="", runtime=runtime, output=NAME, **others)


def plain_and_not(numbers, **others):
    plain, other = model(numbers, **others), model(numbers, gives=-1, **others)
    assert (plain.row_way is None, other.row_way is None) == (False, True)
    return plain, other


@pytest.mark.parametrize("labels", [(), ("signal, or so", "é")])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"id": 'a "b"'},
        {"parameters": {"binary_data_output": True}, "id": "7"},
        {"outputs": [{"name": NAME, "parameters": {"binary_data": True}}]},
        {"outputs": [{"name": NAME}], "parameters": {"binary_data_output": True}},
        {"outputs": [{"name": NAME}, {"name": NAME}]},
    ],
)
def test_what_the_open_inference_protocol_is_told_does_not_depend_on_how_plain_the_model_is(
    asked, labels
):
    tensor = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": ROW}
    request, _ = v2_bodies.parse(json.dumps({"inputs": [tensor], **asked}).encode(), "")
    outputs = {NAME: np.array([[0.1, np.nan]], np.float32)}

    plain, other = (
        v2_infer.answer(request, each, outputs) for each in plain_and_not(2, labels=labels)
    )

    assert plain == other


@pytest.mark.parametrize("numbers", [1, 2])
@pytest.mark.parametrize("labels", [(), ("signal",), ("signal", "background")])
def test_what_tfaas_is_told_does_not_depend_on_how_plain_the_model_is(numbers, labels):
    plain, other = plain_and_not(numbers, labels=labels)
    asked = Rows.of(ROW, ())
    invocation = asked.ask(other)

    alone = asked.alone(plain)
    general = invocation.answer(other.runtime.run(invocation.feeds))

    assert asked.alone(other) is None
    to_answer = asking_rows("m", asked).to_answer
    assert to_answer(alone, Tally()) == to_answer(general, Tally())


def test_a_model_that_gives_something_else_than_it_said_is_not_taken_for_plain():
    liar = model(2, gives=3)

    assert liar.row_way is not None
    assert Rows.of(ROW, ()).alone(liar) is None


def body(data, names=("x",), **more):
    size = len(data) // len(names)
    described = {"shape": [1, size // 4], "datatype": "FP32"}
    parameters = {"parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [{"name": n, **described, **parameters, **more} for n in names]})
    return head.encode() + data, str(len(head))


def test_requests_with_the_same_head_have_each_their_own_numbers():
    sent = [np.array(row, "<f4").tobytes() for row in ([1, 2, 3, 4], [5, 6, 7, 8])]

    found = [v2_bodies.parse(*body(each, ("x", "y")))[0].inputs for each in sent]

    assert [[bytes(one.data) for one in inputs] for inputs in found] == [
        [each[:8], each[8:]] for each in sent
    ]


def test_a_wrong_head_is_refused_again():
    wrong = body(b"\0" * 8, shape=[1, -2])

    for _ in range(2):
        with pytest.raises(InvalidRequestError, match="shape"):
            v2_bodies.parse(*wrong)


def test_a_head_that_announces_another_length_than_the_one_before_is_refused():
    whole, split = body(b"\0" * 8)
    v2_bodies.parse(whole, split)

    with pytest.raises(InvalidRequestError):
        v2_bodies.parse(whole + b"\0\0\0\0", split)
