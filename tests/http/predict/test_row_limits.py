"""How many rows one JSON body may have, in every dialect; binary tensors and V2 have other limits."""

import json

import pytest

from mlaas4hep.http.predict.context import MAX_ROWS
from tests.http.predict.conftest import World

V1, V2 = "/v1/models/luca_1", "/v2/models/luca_1/infer"
_ROW, _FLAT = b"[1,2,3,4]", b"1"
_NAMED = b'{"met":1,"njets":2,"Muon_pt_0":3,"Muon_pt_1":4}'
_ENTRY = b'{"met":1,"njets":2,"Muon_pt":[3,4],"ntrk":5}'
_BRANCHES = dict.fromkeys(("met", "njets", "ntrk"), _FLAT) | {"Muon_pt": b"[3,4]"}


def _body(before, each, rows, after):
    return before + b",".join([each] * rows) + after


def _branches(rows):
    parts = [
        b'"%b":[%b]' % (name.encode(), b",".join([each] * rows)) for name, each in _BRANCHES.items()
    ]
    return b'{"model":"luca_1","branches":{%b}}' % b",".join(parts)


def _tensor(rows, data):
    head = {"name": "features", "shape": [rows, 4], "datatype": "FP32", "data": "@"}
    return json.dumps({"inputs": [head]}).encode().replace(b'"@"', b"[%b]" % data)


#: dialect → path, and what makes a body of so many rows
LIMITED = {
    "rows of TFaaS": ("/json", lambda n: _body(b'{"model":"luca_1","values":[', _ROW, n, b"]}")),
    "entries": ("/json", lambda n: _body(b'{"model":"luca_1","entries":[', _ENTRY, n, b"]}")),
    "entries by branch": ("/json", _branches),
    "instances of V1": (f"{V1}:predict", lambda n: _body(b'{"instances":[', _ROW, n, b"]}")),
    "inputs of V1": (f"{V1}:predict", lambda n: _body(b'{"inputs":[', _ROW, n, b"]}")),
    "inputs of V1 by name": (
        f"{V1}:predict",
        lambda n: _body(b'{"inputs":{"features":[', _ROW, n, b"]}}"),
    ),
    "examples to classify": (f"{V1}:classify", lambda n: _body(b'{"examples":[', _NAMED, n, b"]}")),
    "examples to regress": (f"{V1}:regress", lambda n: _body(b'{"examples":[', _NAMED, n, b"]}")),
}
NESTED = ("a tensor of V2 with rows", (V2, lambda n: _tensor(n, b",".join([_ROW] * n))))


@pytest.fixture(scope="module")
def served(serving_models):
    world = World(serving_models)
    world.serve_trained()
    with world.client("alice") as alice:
        yield alice


@pytest.mark.parametrize(("path", "body"), LIMITED.values(), ids=LIMITED)
def test_one_row_more_than_a_json_body_may_have_is_refused_with_the_cure(served, path, body):
    answer = served.post(path, content=body(MAX_ROWS + 1))

    told = answer.json()
    assert answer.status_code == 413, answer.text[:300]
    assert f"{MAX_ROWS + 1} rows in one JSON body are more than {MAX_ROWS}" in told["error"]
    assert "binary tensors" in told["error"]


@pytest.mark.parametrize(
    ("path", "body"), [*LIMITED.values(), NESTED[1]], ids=[*LIMITED, NESTED[0]]
)
def test_three_million_rows_are_refused_before_they_are_read(served, path, body):
    answer = served.post(path, content=body(3_000_000))

    assert answer.status_code == 413, answer.text[:300]
    assert any(
        words in answer.json()["error"]
        for words in ("more than 4000000 values", "names of values", "is larger than")
    )
