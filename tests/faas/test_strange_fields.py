"""Fields of another type than is declared are refused at every function's door, and the run goes on.

Which fields an event has, and what is wrong for each, is tried at `load_event` in
tests/core/test_wire.py; here it is the way from the door to what the dispatcher does next.
"""

import json
from dataclasses import fields, replace
from typing import get_type_hints

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.identity.tokens import DispatcherSigner
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.dispatcher.verdict import Action, CallOutcome, History, judge
from mlaas4hep.errors import Problem
from mlaas4hep.faas import on_event as faas
from mlaas4hep.pipeline import table
from mlaas4hep.settings import Settings
from tests.http.predict.conftest import World

KEY = SigningKey.new()
WHOLE = {int: 1, str: "o"}
WRONG = {int: ("3", 1.0, True, None), str: (3, 1.0, True, None)}


class EventFunction:
    """A function that only the dispatcher calls; what its step is given is in `done`."""

    def __init__(self, row, folder):
        public = folder / "dispatcher.pub"
        public.write_text(KEY.public_pem)
        settings = Settings(dispatcher_public_key_file=str(public))
        self.services = bootstrap.services(settings)
        self.done = []
        function = faas.on_event(row.function, {row.event: self._step})
        self._client = function.factory(self.services, settings).test_client()
        self._name = row.function

    def _step(self, event, _services):
        self.done.append(event)
        return []

    def post(self, event, body):
        token = DispatcherSigner(KEY.private_pem).token(self._name, event.id)
        sent = self._client.post("/", data=body, headers={"Authorization": f"Bearer {token}"})
        return sent.status_code, sent.json


class Predict:
    """The function that people call, too."""

    def __init__(self):
        self._world = World(models=None)
        self.services = self._world.services

    def post(self, event, body):
        sent = self._world.event(event, body)
        return sent.status_code, sent.json()


def whole(kind):
    """Return an event of this kind that says what it must, and how it would be written."""
    types = get_type_hints(kind)
    said = [field.name for field in fields(kind) if types[field.name] in WHOLE]
    event = kind(**{name: WHOLE[types[name]] for name in said})
    return event, json.loads(cloudevents.dump_event(event)), {name: types[name] for name in said}


@pytest.mark.parametrize("row", table.TABLE, ids=lambda row: row.event.type)
def test_a_mistyped_field_is_parked_at_the_door_and_the_run_that_it_names_goes_on(row, tmp_path):
    door = Predict() if row.step is None else EventFunction(row, tmp_path)
    event, message, types = whole(row.event)
    run = Run(owner="o", name="o", folder="luca", number=1, created_at=0.0, updated_at=0.0)
    run = replace(run, task=row.event.task)
    door.services.runs.create(run)

    for field, wrong in ((name, each) for name in types for each in WRONG[types[name]]):
        body = json.dumps({**message, "data": {**message["data"], field: wrong}})
        status, answer = door.post(event, body.encode())

        assert (status, answer["error"]["code"]) == (422, "strange_event")
        assert f"{row.event.__name__}: {field}: " in answer["error"]["message"]
        outcome = CallOutcome(status=status, problem=Problem(**answer["error"]))
        assert judge(outcome, History(), 0.0, row.function).action is Action.BURY
    assert door.services.runs.get("o", "o") == run
    assert door.post(event, cloudevents.dump_event(event)) == (200, {"event": event.id})
    assert row.step is None or door.done == [event]


def test_an_event_that_predict_does_nothing_with_fails_no_run():
    event, message, _ = whole(RunSubmitted)

    status, answer = Predict().post(event, json.dumps(message).encode())

    assert (status, answer["error"]["code"]) == (422, "strange_event")
