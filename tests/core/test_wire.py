"""Events and records survive the wire; what is not ours is refused with the field's name."""

import json
import math
from dataclasses import fields
from typing import get_type_hints

import pytest

from mlaas4hep.core import wire
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params, Request
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import KINDS, ChunkReady, Event, ModelReady, RunFailed
from mlaas4hep.errors import InvalidRequestError, Problem, StrangeEventError

READY = ChunkReady(owner="alice", run="luca_1", index=3, key="alice/x.chunk", entries=10)
REQUEST = Request(
    owner="alice",
    run="luca_1",
    folder="luca",
    upload="ab" * 32,
    files=(InputFile(name="a.root", url="/data/a.root", tree="events"),),
    labels=Labels(values=(1.0,)),
    params=Params(),
    model_sha256="cd" * 32,
)


@pytest.mark.parametrize(
    "event",
    [
        READY,
        ModelReady(owner="alice", run="r_1", model="r_1", version="v", metrics=(("auc", 0.5),)),
        RunFailed(owner="alice", run="r_1", problem=Problem(code="c", message="m", hint="h")),
    ],
)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert cloudevents.load_event(cloudevents.dump_event(event)) == event


def test_the_same_fact_has_the_same_id_and_another_attempt_another() -> None:
    again = ChunkReady(owner="alice", run="luca_1", index=3, key="other", entries=10, attempt=2)

    assert READY.id == "alice/luca_1/1/000003/chunk.ready"
    assert again.id != READY.id


def test_every_event_type_has_a_name_of_its_own() -> None:
    assert len({kind.type for kind in KINDS.values()}) == len(KINDS)


def test_the_envelope_is_a_cloudevent() -> None:
    message = json.loads(cloudevents.dump_event(READY))

    assert message["specversion"] == "1.0"
    assert message["id"] == READY.id
    assert message["type"] == "chunk.ready"


def test_fields_of_a_newer_release_pass() -> None:
    message = json.loads(cloudevents.dump_event(READY))
    message["data"]["colour"] = "blue"

    assert cloudevents.load_event(json.dumps(message).encode()) == READY


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": "chunk.ready"}', b"\xff"])
def test_other_bodies_are_not_events(body: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="not a CloudEvent"):
        cloudevents.load_event(body)


def test_a_missing_field_is_named() -> None:
    message = json.loads(cloudevents.dump_event(READY))
    del message["data"]["index"]

    with pytest.raises(InvalidRequestError, match="ChunkReady: index"):
        cloudevents.load_event(json.dumps(message).encode())


def test_a_request_survives_with_its_padding_value_nan() -> None:
    back = wire.load(Request, wire.dump(REQUEST))

    assert math.isnan(back.params.nan)
    assert back.files == REQUEST.files


@pytest.mark.parametrize(
    ("field", "value"), [("index", "3"), ("index", 3.0), ("index", True), ("key", 7)]
)
def test_a_field_of_another_type_is_refused(field: str, value: object) -> None:
    message = json.loads(cloudevents.dump_event(READY))
    message["data"][field] = value

    with pytest.raises(InvalidRequestError, match=f"ChunkReady: {field}"):
        cloudevents.load_event(json.dumps(message).encode())


PLAIN = {int: 1, str: "o"}
FIELDS = [
    (kind, field.name)
    for kind in KINDS.values()
    for field in fields(kind)
    if get_type_hints(kind)[field.name] in PLAIN
]


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=lambda each: getattr(each, "type", each))
def test_no_field_of_any_event_is_taken_for_what_it_is_not(kind: type[Event], field: str) -> None:
    types = get_type_hints(kind)
    data = {
        each.name: PLAIN[types[each.name]] for each in fields(kind) if types[each.name] in PLAIN
    }
    wrong = [None, True, 1.0, [], {}, [1], "3" if types[field] is int else 3]

    for value in wrong:
        message = {"type": kind.type, "data": {**data, field: value}}
        with pytest.raises(StrangeEventError, match=f"{kind.__name__}: {field}"):
            cloudevents.load_event(json.dumps(message).encode())


@pytest.mark.parametrize(
    "body", [b'{"type": ["x"], "data": {}}', b'{"type": null, "data": null}', b"[" * 100_000]
)
def test_shapes_that_nobody_expects_are_strange_and_nothing_else(body: bytes) -> None:
    with pytest.raises(StrangeEventError, match="not a CloudEvent"):
        cloudevents.load_event(body)
