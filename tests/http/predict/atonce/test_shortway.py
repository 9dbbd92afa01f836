"""The short way and the general way answer every question alike, byte by byte."""

import asyncio
import json

import numpy as np
import pytest

from mlaas4hep.faas.server.turn import Head, Request
from mlaas4hep.http.predict import shortway

ROW = [0.9, 0.8, 0.7, 0.6]
COLUMNS = ["met", "njets", "Muon_pt_0", "Muon_pt_1"]
ENTRY = {"event": 7, "met": 20.0, "njets": 3, "ntrk": 5, "Muon_pt": [41.2, 12.0]}
TENSOR = {"name": "features", "shape": [1, 4], "datatype": "FP32"}
BINARY = json.dumps(
    {
        "inputs": [{**TENSOR, "parameters": {"binary_data_size": 16}}],
        "parameters": {"binary_data_output": True},
    }
).encode()
FLOATS = np.array(ROW, "<f4").tobytes()
INFER, V1 = "/v2/models/luca_1/infer", "/v1/models/luca_1:predict"


def rows(values, **others):
    return {"model": "luca_1", "values": values, **others}


def tensor(data, **others):
    return {"inputs": [{**TENSOR, "data": data, **others}]}


ANSWERED = {
    "a row": ("/json", rows(ROW)),
    "a row with keys": ("/json", rows(ROW, keys=COLUMNS)),
    "a row in another order": ("/json", rows(ROW, keys=COLUMNS[::-1])),
    "a row of whole numbers": ("/json", rows([1, 0, 1, 0])),
    "a row with a missing value": ("/json", rows([1.5, None, 0.5, 0])),
    "a row with NaN": ("/json", b'{"model": "luca_1", "values": [NaN, 1, 2, 3]}'),
    "a large row": ("/json", rows([1e30, -1e30, 2.0**60, 0])),
    "rows": ("/predict/json", rows([ROW, ROW])),
    "a path that ends with a slash": ("/json/", rows(ROW)),
    "an entry": ("/json", {"model": "luca_1", "entries": [ENTRY]}),
    "an entry outside": ("/json", {"model": "luca_1", "entries": [{**ENTRY, "met": 900}]}),
    "branches": ("/json", {"model": "luca_1", "branches": {n: [v] for n, v in ENTRY.items()}}),
    "instances": (V1, {"instances": [ROW]}),
    "inputs": (V1, {"inputs": [ROW]}),
    "a tensor": (INFER, tensor(ROW)),
    "a tensor of whole numbers": (INFER, tensor([1, 0, 1, 0])),
    "no object": ("/json", [1]),
    "no JSON": ("/json", b"{"),
    "nothing": ("/json", b""),
    "no values": ("/json", rows([])),
    "too short a row": ("/json", rows(ROW[:3])),
    "a text": ("/json", rows([*ROW[:3], "x"])),
    "too large a number": ("/json", rows([1e300, 0, 0, 0])),
    "an unknown key": ("/json", rows(ROW, keys=["mett", *COLUMNS[1:]])),
    "no name": ("/json", rows(ROW, model=7)),
    "a name that cannot be one": ("/json", rows(ROW, model="a b")),
    "an entry without a branch": ("/json", {"model": "luca_1", "entries": [{"met": 1}]}),
    "no instances": (V1, {"rows": [ROW]}),
    "an unknown input": (INFER, tensor(ROW, name="x")),
    "a wrong shape": (INFER, tensor(ROW, shape=[1, 5])),
    "no signature": ("/json", rows(ROW, signature_name="x")),
}
DECLINED = {
    "no model": ("/json", {"values": ROW}),
    "an unknown model": ("/json", rows(ROW, model="nobody")),
    "a query": ("/json?model=luca_1", {"values": ROW}),
    "a version": ("/v2/models/luca_1/versions/v1/infer", tensor(ROW)),
    "an unknown path": ("/jsn", rows(ROW)),
    "an encoded path": ("/js%6fn", rows(ROW)),
    "many rows": ("/json", rows([ROW] * 3000)),
    "a body call": ("/", rows(ROW)),
    "another address": ("http://x/json", rows(ROW)),
}
BEARER = (b"authorization", b"Bearer alice")


def short(app, path, body, *headers):
    return together(app, (path, body), headers=headers)[0]


def together(app, *asked, headers=()):
    return app.prompt(
        [Request(Head(path.encode(), [BEARER, *headers]), encoded(body)) for path, body in asked]
    )


def encoded(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def general(app, path, body, *headers):
    """Return status, headers and body of the answer over ASGI."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [BEARER, *headers],
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": encoded(body), "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start, *parts = sent
    return start["status"], start["headers"], b"".join(each["body"] for each in parts)


@pytest.fixture
def app(world):
    """Return the app with a model that is loaded and a person who is known."""
    world.serve_trained()
    assert general(world.app, "/json", rows(ROW))[0] == 200
    return world.app


def told(answer):
    return answer.status, answer.start["headers"], answer.body


def test_both_ways_answer_alike(app):
    for name, (path, body) in ANSWERED.items():
        answer = short(app, path, body)

        assert answer is not None, name
        assert told(answer) == general(app, path, body), name


def test_what_comes_together_is_answered_as_if_it_came_alone(app):
    asked = {**ANSWERED, **DECLINED}
    answers = together(app, *asked.values(), *asked.values())

    for name, answer in zip([*asked, *asked], answers, strict=True):
        alone = short(app, *asked[name])

        assert (answer is None) == (alone is None) == (name in DECLINED), name
        assert answer is None or told(answer) == told(alone), name


def test_what_comes_together_is_answered_to_those_who_may_ask(world, app):
    assert general(app, "/json", {**rows(ROW), "model": "owner-alice/luca_1"})[0] == 200
    other = (b"authorization", b"Bearer bob")
    with world.client("bob") as bob:
        bob.get("/models")  # his token was just checked, too
    body = encoded(rows(ROW, model="owner-alice/luca_1"))
    asked = [Request(Head(b"/json", [who]), body) for who in (BEARER, other, BEARER)]

    assert [each.status for each in app.prompt(asked)] == [200, 404, 200]
    assert [each.status for each in app.prompt(asked * 4)] == [200, 404, 200] * 4


@pytest.fixture
def calls_of(app, monkeypatch):
    """Return how many rows each call of the model is about, as they come."""
    runtime = app.context.registry.at_hand("owner-alice", "luca_1")[0].runtime
    run, sizes = runtime.run, []

    def counting(feeds):
        sizes.extend(len(each) for each in feeds.values())
        return run(feeds)

    monkeypatch.setattr(runtime, "run", counting)
    return sizes


def test_few_rows_of_a_turn_are_asked_one_by_one_and_more_of_them_in_one_call(app, calls_of):
    row = ("/json", rows(ROW))
    for asked in (8, 9):
        assert {each.status for each in together(app, *[row] * asked)} == {200}

    assert calls_of[:8] == [1] * 8
    assert calls_of[8] == 9


def test_few_rows_that_take_longer_to_read_are_asked_in_one_call_beside_plain_ones(app, calls_of):
    odd = ("/json", rows(ROW, keys=COLUMNS[::-1]))
    together(app, ("/json", rows(ROW)), odd, odd, odd)

    assert calls_of[:2] == [1, 3]


def test_both_ways_answer_binary_tensors_alike(app):
    for length, status in ((len(BINARY), 200), (len(BINARY) + 1, 400), (10**6, 400)):
        header = (b"inference-header-content-length", b"%d" % length)
        answer = short(app, INFER, BINARY + FLOATS, header)

        assert answer.status == status
        assert told(answer) == general(app, INFER, BINARY + FLOATS, header)


def test_what_is_not_plain_is_left_to_the_general_way(app):
    for name, (path, body) in DECLINED.items():
        assert short(app, path, body) is None, name


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"Bearer bob")],
        [BEARER, BEARER],
        [BEARER, (b"cookie", b"mlaas=x")],
        [BEARER, (b"content-encoding", b"gzip")],
    ],
)
def test_who_is_not_known_or_says_unusual_things_takes_the_general_way(app, headers):
    assert app.prompt([Request(Head(b"/json", headers), encoded(rows(ROW)))]) == [None]


def test_a_token_and_a_model_are_believed_for_a_second(world, app):
    assert short(app, "/json", rows(ROW)) is not None
    world.now += 1.1
    assert short(app, "/json", rows(ROW)) is None
    assert general(app, "/json", rows(ROW))[0] == 200
    assert short(app, "/json", rows(ROW)) is not None


def test_both_ways_count(world, app):
    def counted():
        tally = world.app.context.tally("owner-alice", "luca_1")
        return tally.requests, tally.rows, tally.outside, world.app.context.calls["POST"]

    outside = {"model": "luca_1", "entries": [{**ENTRY, "met": 900}]}
    before = counted()
    for body in (rows(ROW), outside):
        assert short(app, "/json", body) is not None
    between = counted()
    for body in (rows(ROW), outside):
        general(app, "/json", body)
    after = counted()

    grown = [b - a for a, b in zip(before, between, strict=True)]
    assert grown == [2, 2, 1, 2]
    assert grown == [b - a for a, b in zip(between, after, strict=True)]


def test_a_long_path_is_declined_and_takes_no_memory(app):
    before = shortway._way.cache_info().currsize

    for path in ("/" + "x" * 1000, f"/v2/models/{'x' * 1000}/infer"):
        assert short(app, path, tensor(ROW)) is None

    assert shortway._way.cache_info().currsize == before
