"""What every route of every function holds to; each function's tests inherit it.

The module that inherits gives the fixtures `route` (each route in turn), `door` (what calls a world
made for this test, and `door.fresh()` another such world) and `example` (one good call, or None).
"""

import json
from dataclasses import dataclass, field
from functools import cache

import jsonschema_rs
import pytest

from mlaas4hep.http.openapi.document import ALWAYS, document
from mlaas4hep.http.route import ACTION, path_names

CHANGING = {
    *("updated_at", "mark", "seconds", "uploaded_at", "stored_at", "changed_at"),
    *("timestamp", "Uptime", "Load", "Memory", "getRequests", "postRequests", "process"),
}


@dataclass(frozen=True, kw_only=True)
class Example:
    """What is sent to a route."""

    args: dict[str, str] = field(default_factory=dict)
    json: dict | None = None
    data: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came back."""

    status: int
    media: str
    body: bytes

    @property
    def value(self):
        return json.loads(self.body)


@cache
def described():
    """Return the document, and its operations by function and name."""
    whole = document()
    operations = {
        (path.split("/")[2], operation["operationId"]): operation
        for path, methods in whole["paths"].items()
        for operation in methods.values()
    }
    return whole, operations


def check(schema, value):
    """Refuse a value that is not as the document's schema says."""
    components = described()[0]["components"]
    jsonschema_rs.validate({**schema, "components": components}, value)


def by_path(route, example):
    """Return path and query of a call."""
    path, query = route.path, dict(example.args)
    for name in path_names(path):
        path = path.replace(f"{{{name}}}", query.pop(name))
    return path, query


class RouteContract:
    """Inherited by the tests of each function."""

    function: str
    bad_tokens: tuple[str, ...]

    def test_a_good_call_is_answered_as_the_document_says(self, route, door, example):
        path, query = by_path(route, example)

        answered = door.send(route.method, path, query, example)

        assert answered.status in {route.status, *route.also_gives}, answered.body
        if not route.is_documented:
            return
        operation = described()[1][self.function, route.name]
        response = operation["responses"][str(answered.status)]
        if "Location" in response.get("headers", {}):
            assert not answered.body
            return
        content = response["content"]
        assert answered.media in content
        if answered.media == "application/json":
            check(content[answered.media]["schema"], answered.value)

    def test_an_unknown_query_key_is_refused(self, route, door, example):
        if route.takes_any_query:
            pytest.skip("its query is somebody else's")
        path, query = by_path(route, example)

        answered = door.send(route.method, path, {**query, "limmit": "1"}, example)

        self.check_error(answered, 400)
        assert "limmit" in answered.body.decode()

    def test_nobody_gets_in_without_a_good_token(self, route, door, example):
        path, query = by_path(route, example)

        for token in self.bad_tokens:
            answered = door.send(route.method, path, query, example, token=token)
            if route.is_open:
                assert answered.status == route.status
            else:
                self.check_error(answered, 401)

    def test_an_action_does_what_the_path_does(self, route, door, example):
        if route.is_by_path_only:
            pytest.skip("no action reaches it")
        path, query = by_path(route, example)
        expected = door.send(route.method, path, query, example)

        for action in (route.name, *route.actions):
            answered = self.act(door.fresh(), action, example)
            assert (answered.status, answered.media) == (expected.status, expected.media)
            if answered.media == "application/json":
                assert self.comparable(answered.value) == self.comparable(expected.value)

    def test_a_wrong_name_is_told_by_a_status_that_is_declared(self, route, door, example):
        named = {
            name: "nix_9" for name in example.args if name in {"name", "process_name", "model"}
        }
        if not named or route.is_open:
            pytest.skip("it names nothing")
        wrong = Example(args={**example.args, **named}, json=example.json, data=example.data)
        path, query = by_path(route, wrong)

        answered = door.send(route.method, path, query, wrong)

        assert answered.status in {route.status, *route.errors, *ALWAYS}, answered.body
        if answered.status != route.status:
            self.check_error(answered, answered.status)

    def act(self, door, action, example):
        """Call by body, or by query when the body is something else."""
        if example.data is not None:
            return door.send("POST", "/", {ACTION: action, **example.args}, example)
        body = {ACTION: action, **example.args, **(example.json or {})}
        return door.send("POST", "/", {}, Example(json=body))

    def comparable(self, value):
        """Return an answer without what differs from call to call."""
        if isinstance(value, dict):
            return {k: self.comparable(v) for k, v in value.items() if k not in CHANGING}
        if isinstance(value, list):
            return [self.comparable(each) for each in value]
        return value

    def check_error(self, answered, status):
        assert answered.status == status, answered.body
        names = {"workflow": "Error", "predict": "PredictError"}
        check({"$ref": f"#/components/schemas/{names[self.function]}"}, answered.value)
