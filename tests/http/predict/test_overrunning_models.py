"""Models that never end, or take all memory, harm nobody but themselves."""

import json
from dataclasses import replace

import pytest

from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.adapters.runtimes.confined.allowance import LIGHT
from tests.http.predict.packing import packed

LOOPS = 4
ROW = {"values": [0.9, 0.8, 0.7, 0.6], "model": "luca_1"}


@pytest.fixture
def world(make_world):
    """Return a world in which a batch may take a second, and LOOPS models are more than may run."""
    few = replace(LIGHT, run_s=1.0, memory_bytes=700 * 1024**2, children=3, children_of_owner=2)
    return make_world(load=Runtimes({"litert": few}).load)


@pytest.fixture
def bring(case_models):
    def bring(client, kind, name):
        content = packed(case_models / kind, extra={"model/n.txt": name.encode()})
        return client.post(f"/upload?name={name}", content=content)

    return bring


def test_endless_loops_of_one_person_stop_nobody(world, alice, bob, bring):
    world.serve()
    uploaded = [bring(bob, "loop", f"loop{number}") for number in range(LOOPS)]
    assert [each.json().get("isBounded") for each in uploaded] == [False] * LOOPS
    loops = [
        ("POST", "/json", {"json": {**ROW, "model": f"loop{number}"}}) for number in range(LOOPS)
    ]
    others = [
        ("GET", "/_/health", {}),
        ("GET", "/models", {}),
        ("POST", "/json", {"json": {**ROW, "model": "loop0"}}),
    ]

    answers = bob.together(loops + others)

    assert [each.status_code for each in answers[LOOPS:-1]] == [200, 200]
    assert {each.status_code for each in answers[:LOOPS]} == {503}
    assert "took more than 1 s" in _told_when_it_had_its_time(bob, answers[0])
    shut_out = bob.post("/json", json={**ROW, "model": "loop0"})
    assert (shut_out.status_code, "not asked again for" in shut_out.json()["error"]) == (503, True)
    assert alice.post("/json", json=ROW).status_code == 200


def _told_when_it_had_its_time(client, answer):
    """Return what is told of loop0 once others have left it a processor for its time."""
    while "this machine is too busy" in answer.json()["error"]:
        answer = client.post("/json", json={**ROW, "model": "loop0"})
    return answer.json()["error"]


def test_others_are_answered_while_a_loop_runs(world, alice, bob, bring):
    """The loop's answer is still to come when the other one is there."""
    world.serve(public=True)
    bring(bob, "loop", "loop")
    request = {"json": {**ROW, "model": "owner-alice/luca_1"}}
    done = []

    answers = bob.together(
        [("POST", "/json", {"json": {**ROW, "model": "loop"}}), ("POST", "/json", request)],
        done=done,
    )

    assert [each.status_code for each in answers] == [503, 200]
    assert done == [1, 0]


def test_owners_who_hold_all_places_together_leave_one_to_a_model_that_answered(
    world, bob, case_models
):
    """Their loops are under way when the other one's answer comes."""
    world.serve(folder="pair", owner="bob")
    inputs = {"inputs": {"left": [[1.0, 2.0]], "right": [[1.0, 2.0, 3.0]]}}
    known = ("POST", "/v1/models/luca_1:predict", {"json": inputs})
    others = [{"Authorization": f"Bearer {name}"} for name in ("carol", "dave", "erin")]
    content = packed(case_models / "loop", extra={"model/n.txt": b"loop"})
    for each in others:
        bob.post("/upload?name=loop", content=content, headers=each)
    assert bob.together([known])[0].status_code == 200
    row = {**ROW, "model": "loop"}
    done = []

    answers = bob.together(
        [*(("POST", "/json", {"json": row, "headers": each}) for each in others), known],
        done=done,
    )

    assert [each.status_code for each in answers] == [503, 503, 503, 200]
    assert done[0] == 3


def test_a_model_that_takes_all_memory_is_ended_and_the_memory_given_back(world, bob, bring):
    bring(bob, "bomb", "bomb")

    answer = bob.post("/v1/models/bomb:predict", json={"instances": [[1.0]] * 2000})
    small = bob.post("/v1/models/bomb:predict", json={"instances": [[1.0]]})

    assert answer.status_code in (400, 503), answer.text
    assert small.json() == {"predictions": [2.0 * 1024 * 1024]}


@pytest.mark.parametrize(
    ("labels", "says"),
    [(b"\n" * 10_001, "10001 lines"), (b"x" * (1024**2 + 1), "1048577 bytes")],
)
def test_labels_are_few_and_small(alice, serving_models, labels, says):
    files = {
        "model": ("model.tflite", (serving_models / "net" / "model.tflite").read_bytes()),
        "labels": ("labels.txt", labels),
        "name": (None, "m"),
    }

    refused = alice.post("/upload", files=files)

    assert (refused.status_code, says in refused.json()["error"]) == (413, True)
    assert alice.get("/models").json() is None


@pytest.mark.parametrize("key", ["inputNode", "outputNode", "labels", "model", "op"])
def test_names_in_params_are_short(alice, serving_models, key):
    files = {
        "model": ("model.tflite", (serving_models / "net" / "model.tflite").read_bytes()),
        "params": ("params.json", json.dumps({key: "x" * 200_000}).encode()),
        "name": (None, "m"),
    }

    refused = alice.post("/upload", files=files)

    if key in ("labels", "inputNode", "outputNode", "op"):
        assert refused.status_code == 400
        assert alice.get("/models").json() is None
    else:  # the file of the form counts
        assert refused.status_code in (200, 400)
