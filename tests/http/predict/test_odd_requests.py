"""Requests to LiteRT models that are odd in one way each.

Every kind of model that people bring is in tests/acceptance/right_or_refused/test_serving.py.
"""

import json

import numpy as np
import pytest

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.inference.tensors import shown


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

    too_large = [1e300, 0, 0, 0]

    for path, body in (
        ("/v1/models/m:predict", {"instances": [too_large]}),
        ("/json", {"model": "m", "values": too_large}),
    ):
        assert alice.post(path, json=body).status_code == 400


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


INFER, V1 = "/v2/models/luca_1/infer", "/v1/models/luca_1:predict"
ENTRY = {"event": 7, "met": 20.0, "njets": 3, "ntrk": 5, "Muon_pt": [41.2, 12.0]}
TENSOR = {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
DEEP, DEEPER = (b"[" * depth + b"]" * depth for depth in (300, 1010))
HALF, ENDLESS = b'"\\ud800"', b"1" * 400


def _with(value, what):
    """Return a request as JSON in which `what` stands where `value` has "@"."""
    return json.dumps(value).encode().replace(b'"@"', what)


def _entry(what, **changed):
    return _with({"model": "luca_1", "entries": [{**ENTRY, **changed}]}, what)


def _branches(what, **changed):
    lists = {name: [value] for name, value in (ENTRY | changed).items()}
    return _with({"model": "luca_1", "branches": lists}, what)


def _tensor(what, **changed):
    return _with({"x": float("nan"), "inputs": [{**TENSOR, **changed}]}, what)


REFUSED = {
    "an identifier of 300 lists": ("/json", _entry(DEEP, event="@")),
    "an identifier that is an object": ("/json", _entry(b"[{}]", event="@")),
    "an identifier of 300 lists, in branches": ("/json", _branches(DEEP, event="@")),
    "half a character beside NaN": ("/json", _entry(HALF, event="@", met=float("nan"))),
    "half a character as a branch": ("/json", b'{"model":"m","x":NaN,"branches":{%b:[1]}}' % HALF),
    "an endless integer beside NaN": ("/json", _entry(ENDLESS, met="@", njets=float("nan"))),
    "the same in branches": ("/json", _branches(ENDLESS, met="@", njets=float("nan"))),
    "the same in a row": ("/json", b'{"model":"luca_1","values":[%b,1,2,NaN]}' % ENDLESS),
    "bytes that are no UTF-8": ("/json", b'{"model":"luca_1","values":[NaN],"x":"\xed\xa0\x80"}'),
    "a list of 1010 lists": ("/json", _entry(DEEPER, Muon_pt="@")),
    "a model's name of 1010 lists": ("/json", b'{"values":[1],"model":%b}' % DEEPER),
    "a tensor's name of 1010 lists": (INFER, _with({"inputs": [{**TENSOR, "name": "@"}]}, DEEPER)),
    "half a character as a tensor": (INFER, _tensor(HALF, name="@")),
    "half a character as an id": (INFER, _with({"x": float("nan"), "id": "@"}, HALF)),
    "half a character as an input": (V1, b'{"x":NaN,"inputs":{%b:[[1,2,3,4]]}}' % HALF),
    "a shape that no array has": (INFER, _tensor(b"", shape=[0, 2**63], data=[])),
    "a shape larger than memory": (INFER, _tensor(b"", shape=[0, 2**62, 2**62], data=[])),
    "a shape of 65 dimensions": (INFER, _tensor(b"", shape=[1] * 64 + [4])),
    "a shape of more values than can be told": (INFER, _tensor(b"", shape=[10**18] * 300)),
    "a shape that takes minutes to multiply": (INFER, _tensor(b"", shape=[2**63] * 300_000)),
    "100 000 tensors": (INFER, _with({"inputs": [{}] * 100_000}, b"")),
    "a feature that is a list beside numbers": (
        "/v1/models/luca_1:classify",
        b'{"examples":[{"met":1,"njets":[],"Muon_pt_0":1,"Muon_pt_1":1}]}',
    ),
    "endless bytes": (INFER, _tensor(b"", parameters={"binary_data_size": float("inf")})),
}


@pytest.mark.parametrize(("path", "body"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_or_told_again_is_refused(world, alice, path, body):
    world.serve_trained()
    alice.post("/json", json={"model": "luca_1", "values": [1, 2, 3, 4]})

    answer = alice.post(path, content=body)

    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"model":"m","branches":{%b}}', "names of values"),
        (b'{"model":"m","entries":[{%b}]}', "names of values"),
        (b'{"model":"m","values":[NaN],"keys":{%b}}', "names of values"),
    ],
)
def test_columns_that_would_hold_others_up_are_refused_unread(world, alice, body, words):
    columns = b",".join(b'"c%d":[1]' % number for number in range(1_000_001))

    answer = alice.post("/json", content=body % columns)

    assert (answer.status_code, words in answer.json()["error"]) == (413, True)


def test_as_many_values_beside_nan_are_refused(world, alice):
    body = b'{"model":"m","values":[NaN%b]}' % (b",1" * 1_000_001)

    answer = alice.post("/json", content=body)

    assert (answer.status_code, "NaN" in answer.json()["error"]) == (413, True)


def test_an_answer_of_more_numbers_than_a_request_may_have_is_not_told_in_json():
    assert len(shown(np.zeros((2000, 2000), np.int8))) == 2000

    with pytest.raises(InvalidRequestError, match="4002000 values"):
        shown(np.zeros((2001, 2000), np.int8))


def test_a_whole_number_beyond_64_bits_is_a_double_with_and_without_nan(world, alice):
    world.serve_trained()
    told = [
        alice.post("/json", content=_entry(b"1" + b"0" * 30, event="@", met=met))
        for met in (1.0, float("nan"))
    ]

    assert [answer.json()["identifiers"] for answer in told] == [[{"event": 1e30}]] * 2


@pytest.mark.parametrize("letter", ["b", "luca"])
def test_a_long_text_is_not_compared_and_not_sent_back_whole(world, alice, letter):
    world.serve_trained()
    name = letter * 100_000

    for body in (
        {"model": "luca_1", "branches": {name: [1]}},
        {"model": name, "values": [1]},
        {"model": "luca_1", "values": [1], "signature_name": name},
    ):
        answer = alice.post("/json", json=body)

        assert answer.status_code == 400
        assert len(answer.content) < 50_000
