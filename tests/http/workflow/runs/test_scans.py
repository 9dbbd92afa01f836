"""Scans over HTTP."""

import pytest

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.events import TrialEnded
from tests.people import SUBMISSION

GRID = {"params": {"epochs": [1, 2]}, "parallel": 2}


@pytest.fixture
def scanned(alice):
    alice.upload()
    return alice.post("/scans", json={**SUBMISSION, "scan": GRID})


def test_a_scan_is_a_run_with_a_table_of_trials(alice, scanned):
    name = scanned.json["name"]

    table = alice.get(f"/scans/{name}")

    assert (scanned.status_code, scanned.json["task"]) == (201, "scan")
    assert (table.json["name"], table.json["planned"], table.json["trials"]) == (name, 2, [])


def test_a_scan_can_be_cancelled(alice, scanned):
    answer = alice.post(f"/runs/{scanned.json['name']}/cancel")

    assert answer.json["status"] == "cancelled"


def test_the_log_of_a_scan_says_how_many_trials_have_ended(world, alice, scanned):
    name = scanned.json["name"]
    ended = TrialEnded(owner=alice.owner, run=name, index=0, trials=2)
    world.services.runs.apply([ended])

    for path in ("logs", "logs?stage=train"):
        assert "scan: 1 of 2 trials done" in alice.get(f"/runs/{name}/{path}").text


def test_another_run_is_no_scan(alice, scanned):
    run = alice.post("/runs", json=SUBMISSION).json["name"]

    answer = alice.get(f"/scans/{run}")

    assert answer.status_code == 404
    assert "is no scan" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("scan", "says"),
    [
        (None, "scan is None"),
        ({"params": {"epochs": [0]}}, "epochs is 0"),
        ({"params": {"batch_size": ["many"]}}, "batch_size is 'many'"),
        ({"params": {"branch": ["a", "b"]}}, "branch"),
        ({"arguments": {"widht": [8, 16]}}, "`model` takes no argument 'widht'"),
        ({"params": {"epochs": [1]}, "parallel": 9}, "parallel is 9"),
        ({"params": {"epochs": [1]}, "method": "gird"}, "method is 'gird'"),
    ],
)
def test_a_scan_of_what_cannot_be_is_refused(alice, scan, says):
    alice.upload()

    answer = alice.post("/scans", json={**SUBMISSION, "scan": scan})

    problem = answer.json["error"]
    assert (answer.status_code, problem["stage"]) == (400, "submit")
    assert says in problem["message"]
    assert problem["hint"]


def test_a_name_that_nothing_can_be_promoted_to_is_refused_before_anything_is_trained(world, alice):
    alice.upload()
    record = ModelRecord(owner=alice.owner, name="luca_9", version="v", files=(), run_id="r")
    world.services.models.put(keys.model(alice.owner, "luca_9"), sealed.dump(record))

    answer = alice.post("/scans", json={**SUBMISSION, "scan": {**GRID, "promote": "luca_9"}})

    assert answer.status_code == 409
    assert "'luca_9' that was not promoted" in answer.json["error"]["message"]
    assert alice.get("/runs").json["total"] == 0


def test_a_scan_needs_room_for_the_models_of_its_trials(make_world):
    alice = make_world(max_models=3).person("alice")
    alice.upload()

    answer = alice.post("/scans", json={**SUBMISSION, "scan": {"params": {"seed": [1, 2, 3, 4]}}})

    assert answer.status_code == 429
