"""What is served is what the bucket holds at that moment, to whom it belongs."""

import threading

import pytest

from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.core import keys
from mlaas4hep.core.runs.events import ModelReady

ROW = {"keys": [], "values": [0.9, 0.8, 0.7, 0.6], "model": "luca_1"}


def test_a_new_version_is_served_from_the_event_on(world, alice, expected):
    world.serve(folder="classes")
    before = alice.post("/json", json=ROW).json()
    record = world.serve(version="v2")
    world.event(ModelReady(owner=record.owner, run="luca_1", model="luca_1", version="v2"))

    after = alice.post("/json", json=ROW).json()

    assert (len(before), after) == (3, pytest.approx(expected["expected"][1], abs=1e-6))


def test_a_model_that_somebody_else_deletes_is_gone_within_a_second(world, alice):
    record = world.serve()
    alice.post("/json", json=ROW)
    world.services.models.delete(keys.model(record.owner, record.name))
    world.a_second_later()

    answer = alice.post("/json", json=ROW)

    assert answer.status_code == 404
    assert answer.json()["error"] == "there is no model 'luca_1'"


def test_a_model_that_comes_back_is_served_again(world, alice):
    record = world.serve()
    alice.post("/json", json=ROW)
    world.services.models.delete(keys.model(record.owner, record.name))
    alice.post("/json", json=ROW)
    world.serve(version="v2")

    assert alice.post("/json", json=ROW).status_code == 200


def test_nobody_predicts_with_a_model_of_others(world, bob):
    world.serve()

    assert bob.post("/json", json=ROW).status_code == 404
    assert bob.post("/json", json={**ROW, "model": "owner-alice/luca_1"}).status_code == 404


@pytest.mark.parametrize("shared", [{"public": True}, {"groups": ("top",)}])
def test_a_shared_model_is_named_with_its_owner(world, shared, expected):
    world.serve(**shared)
    request = {**ROW, "model": "owner-alice/luca_1"}

    with world.client("bob:top") as bob:
        answer = bob.post("/json", json=request)

    assert answer.json() == pytest.approx(expected["expected"][1], abs=1e-6)


def test_sharing_ends_within_a_second(world, bob):
    request = {**ROW, "model": "owner-alice/luca_1"}
    world.serve(public=True)
    shared = bob.post("/json", json=request)
    world.serve(public=False)
    world.a_second_later()

    assert (shared.status_code, bob.post("/json", json=request).status_code) == (200, 404)


def test_a_broken_model_breaks_nothing_but_itself(world, alice):
    record = world.serve("broken")
    key = keys.model_file(record.owner, "broken", "v1", "model.tflite")
    world.services.models.put(key, b"no model")
    world.services.models.put(keys.model(record.owner, "worse"), b"no record")
    world.serve()

    answer = alice.post("/json", json={**ROW, "model": "broken"})

    assert (answer.status_code, "cannot be loaded" in answer.json()["error"]) == (400, True)
    assert alice.post("/json", json=ROW).status_code == 200
    assert {each["name"] for each in alice.get("/models").json()} == {"broken", "luca_1"}


def test_requests_at_the_same_time_get_their_own_answers(world, alice, expected):
    world.serve()
    world.serve("other", folder="classes")
    rows = [[index / 100] * 4 for index in range(100)]
    alone = alice.post("/json", json={**ROW, "values": rows}).json()
    requests = [("POST", "/json", {"json": {**ROW, "values": row}}) for row in rows]
    requests.insert(50, ("POST", "/json", {"json": {**ROW, "values": [1]}}))
    requests.insert(7, ("POST", "/json", {"json": {**ROW, "model": "other"}}))

    answers = alice.together(requests)

    assert len(answers.pop(7).json()) == 3
    assert answers.pop(50).status_code == 400
    assert [answer.json() for answer in answers] == [pytest.approx(row, abs=1e-6) for row in alone]


def test_nobody_is_turned_away_for_asking_often(world, alice):
    world.serve()

    answers = [alice.post("/json", json=ROW).status_code for _ in range(500)]

    assert set(answers) == {200}


def test_the_dispatcher_warms_a_new_model(world):
    record = world.serve()
    event = ModelReady(owner=record.owner, run="luca_1", model="luca_1", version="v1")

    answer = world.event(event)

    assert (answer.status_code, answer.json()) == (200, {"event": event.id})


def test_news_of_a_model_that_is_deleted_is_fine(world):
    event = ModelReady(owner="owner-alice", run="luca_1", model="luca_1", version="v1")

    assert world.event(event).status_code == 200


def test_news_of_a_broken_model_is_parked(world):
    record = world.serve()
    key = keys.model_file(record.owner, "luca_1", "v1", "model.tflite")
    world.services.models.put(key, b"no model")

    answer = world.event(ModelReady(owner=record.owner, run="luca_1", model="luca_1", version="v1"))

    assert (answer.status_code, answer.json()["error"]["stage"]) == (422, "predict")


def test_people_cannot_send_events(alice):
    answer = alice.post(
        "/", json={"specversion": "1.0"}, headers={"Content-Type": "application/cloudevents+json"}
    )

    assert answer.status_code == 401


def test_a_body_is_not_read_before_the_token_is_checked(nobody):
    async def body():
        raise AssertionError
        yield b""

    assert nobody.post("/json", content=body()).status_code == 401
    assert nobody.post("/", content=body()).status_code == 401


class Noting:
    """A runtime that notes in which threads it runs."""

    def __init__(self, inner, threads):
        self._inner, self._threads = inner, threads

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def run(self, feeds):
        self._threads.append(threading.current_thread())
        return self._inner.run(feeds)


def v2(rows):
    tensor = {"name": "features", "datatype": "FP32", "shape": [rows, 4], "data": [0.5] * 4 * rows}
    return "/v2/models/luca_1/infer", {"inputs": [tensor]}


def v1(rows):
    return "/v1/models/luca_1:predict", {"instances": [[0.5] * 4] * rows}


def v1_columns(rows):
    return "/v1/models/luca_1:predict", {"inputs": {"features": [[0.5] * 4] * rows}}


def tfaas(rows):
    return "/json", {**ROW, "values": [[0.5] * 4] * rows}


@pytest.mark.parametrize("asked", [v2, v1, v1_columns, tfaas])
def test_many_rows_hold_nobody_up_whatever_the_dialect(make_world, asked):
    threads = []
    runtimes = Runtimes()
    world = make_world(load=lambda *model: Noting(runtimes.load(*model), threads))
    world.serve()
    with world.client() as alice:
        alice.post("/json", json=ROW)
        threads.clear()
        for rows in (2, 2000):
            path, body = asked(rows)
            assert alice.post(path, json=body).status_code == 200

    assert [each is threading.main_thread() for each in threads] == [True, False]
