"""What stands around a row is read twice, and means the same with other numbers in it."""

import json

import pytest

from mlaas4hep.faas.bodies import Bodies
from mlaas4hep.http.predict import prediction
from mlaas4hep.http.predict.call import Call
from mlaas4hep.http.predict.inference import v1, v2
from mlaas4hep.http.predict.rowframes import RowFrames
from tests.http.predict.atonce.test_shortway import (
    COLUMNS,
    INFER,
    ROW,
    V1,
    app,
    general,
    rows,
    short,
    tensor,
    told,
)

__all__ = ["app"]  # a fixture

OTHERS = (
    [0.5, 1, 2.25, -3],
    [1e30, 1, 2, 3],
    [1e300, 0, 0, 0],
    [1.5, None, 0.5, 0],
    [True, 1, 2, 3],
    [1, 2, 3, False],
    ["x", 1, 2, 3],
    [1, 2, 3],
    [1, 2, 3, 4, 5],
    [],
    [[1, 2, 3, 4]],
    [{"a": 1}, 1, 2, 3],
)
AROUND = {
    "a row": ("/json", rows),
    "keys before": ("/json", lambda row: {"keys": COLUMNS, "values": row, "model": "luca_1"}),
    "a row with keys": ("/json", lambda row: rows(row, keys=COLUMNS)),
    "a row in another order": ("/json", lambda row: rows(row, keys=COLUMNS[::-1])),
    "keys behind": ("/json", lambda row: {"values": row, "model": "luca_1", "keys": COLUMNS}),
    "the last of two rows": ("/json", lambda row: rows([ROW, row])),
    "an instance": (V1, lambda row: {"instances": [row]}),
    "the last of two instances": (V1, lambda row: {"instances": [ROW, row]}),
    "a tensor": (INFER, tensor),
    "a tensor with outputs": (INFER, lambda row: {**tensor(row), "outputs": [{"name": "score"}]}),
    "a tensor and its shape": (
        INFER,
        lambda row: {
            "inputs": [{"data": row, "name": "features", "datatype": "FP32", "shape": [1, 4]}]
        },
    ),
    "another list": ("/json", lambda row: {**rows(ROW), "mine": row}),
    "true": ("/json", lambda row: rows(row, mine=True)),
}


@pytest.mark.parametrize("name", AROUND)
def test_other_numbers_are_answered_as_if_the_text_around_them_was_new(app, name):
    path, around = AROUND[name]
    for row in (ROW, ROW, ROW, *OTHERS, ROW):
        answer = short(app, path, around(row))

        assert answer is not None, row
        assert told(answer) == general(app, path, around(row)), row


@pytest.mark.parametrize(
    "body",
    [
        '{"values": [1, 2, 3, 4], "model": "luca_1", "mine": "[%s]"}',
        '{"model": "luca_1", "values": [1, 2, 3, 4], "keys": [], "mine": [%s]}',
        '{"model": "luca_1", "values": [%s]} ',
        '{"model": "luca_1", "values": [%s]',
        '{"model": "luca_1", "values": [%s], "values": [1, 2, 3, 4]}',
        '{"model": "luca_1", "mine": "\\"values\\": [5]", "values": [%s]}',
    ],
)
@pytest.mark.parametrize(
    "row", ["4, 3, 2, 1", "1, 2, 3, 4", "NaN, 1, 2, 3", "1 2", "1,2,3,04", '"]']
)
def test_a_list_that_only_looks_like_the_row_is_none(app, body, row):
    for each in ("1, 2, 3, 4", "1, 2, 3, 4", "1, 2, 3, 4", row):
        sent = (body % each).encode()
        answer = short(app, "/json", sent)

        assert answer is not None
        assert told(answer) == general(app, "/json", sent)


class Counted:
    """A dialect that knows how often it was asked."""

    def __init__(self, dialect):
        self.asked = 0
        self._dialect = dialect

    def __call__(self, call):
        self.asked += 1
        return self._dialect(call)


def call(path, request):
    body = json.dumps(request).encode()
    return Call({}, None, path, "POST", {}, Bodies(), None, {"model": "luca_1"}, body)


@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        (prediction.asking_of, "a row"),
        (prediction.asking_of, "keys before"),
        (v1.asking_of, "an instance"),
        (v2.asking_of, "a tensor"),
    ],
)
def test_a_text_that_came_twice_is_not_read_again(dialect, name):
    path, around = AROUND[name]
    counted, frames = Counted(dialect), RowFrames()
    for number in range(2):
        frames.read(counted, call(path, around([number, 1, 2, 3])))
    read = counted.asked

    for number in range(5):
        asking = frames.read(counted, call(path, around([number, 0.5, 2, 3])))
        assert asking.question.values == [number, 0.5, 2, 3]
        assert asking.model == "luca_1"
    assert counted.asked == read


def test_texts_are_not_mixed_up():
    frames = RowFrames()
    for _ in range(4):
        for model in ("a", "b"):
            for signature in ("", "s"):
                sent = rows(ROW, model=model, signature_name=signature)
                asking = frames.read(prediction.asking_of, call("/json", sent))

                assert (asking.model, asking.signature) == (model, signature)
