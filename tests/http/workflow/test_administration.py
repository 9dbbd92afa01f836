"""What administrators see and mend over HTTP, and nobody else."""

import pytest

from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import RunFailed, RunSubmitted
from mlaas4hep.errors import Problem
from mlaas4hep.http.workflow.routes import ROUTES
from mlaas4hep.http.workflow.runs.runs import OWNER


@pytest.fixture
def admin(world):
    return world.person("root", groups=("mlaas-admins",))


@pytest.fixture
def submitted(world, alice):
    """Return the event of a run of alice that failed and is among the dead letters."""
    alice.upload()
    alice.submit()
    event = RunSubmitted(owner=alice.owner, run="luca_1")
    world.services.dead_letters.bury(cloudevents.dump_event(event), "specs", "no <tree>")
    return event


def fail(world, event):
    problem = Problem(code="x", message="no <tree>")
    world.services.runs.apply([RunFailed(owner=event.owner, run=event.run, problem=problem)])


def test_a_dead_letter_tells_its_run_and_why(admin, submitted):
    assert admin.get("/admin/dead-letters").json == [
        {
            "sequence": 1,
            "owner": submitted.owner,
            "run": "luca_1",
            "event": submitted.id,
            "function": "specs",
            "reason": "no <tree>",
        }
    ]
    assert admin.get("/admin/queues").json == []


def test_the_run_of_a_dead_letter_begins_another_attempt_once(world, admin, submitted):
    fail(world, submitted)

    first = admin.post("/admin/dead-letters/1/retry")
    second = admin.post("/admin/dead-letters/1/retry")

    assert first.json == {"sequence": 1, "outcome": "its run begins attempt 2"}
    assert second.status_code == 404
    assert world.services.runs.get(submitted.owner, "luca_1").attempt == 2
    assert admin.get("/admin/dead-letters").json == []


def test_a_run_that_goes_on_is_left_to_itself(world, admin, submitted):
    assert admin.post("/admin/dead-letters/1/retry").json["outcome"] == "its run goes on"
    assert world.services.runs.get(submitted.owner, "luca_1").attempt == 1


def test_what_nobody_understands_is_listed_and_can_be_dropped(world, admin):
    world.services.dead_letters.bury(b"\xff", "train", "")

    (letter,) = admin.get("/admin/dead-letters").json

    assert letter["event"] == "1 bytes that are no event"
    assert "nobody understands it" in admin.post("/admin/dead-letters/1/retry").json["outcome"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/queues"),
        ("GET", "/admin/dead-letters"),
        ("POST", "/admin/dead-letters/1/retry"),
    ],
)
def test_others_are_refused(world, alice, submitted, method, path):
    assert alice.call(method, path).status_code == 403
    assert len(list(world.services.dead_letters.letters())) == 1


def test_admins_look_at_everybodys_runs(admin, submitted):
    (listed,) = admin.get("/runs?all=true").json["runs"]

    assert (listed["name"], listed["owner"]) == ("luca_1", submitted.owner)
    whose = f"owner={submitted.owner}"
    assert admin.get(f"/runs/luca_1?{whose}").json["owner"] == submitted.owner
    assert admin.get("/runs/luca_1").status_code == 404
    for path in ("logs", "manifest", "history", "cutflow"):
        assert admin.get(f"/runs/luca_1/{path}?{whose}").status_code == 200, path


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if OWNER in route.args], ids=lambda route: route.name
)
def test_nobody_else_looks_at_others_runs(world, submitted, route):
    bob = world.person("bob")
    path = route.path.format(name="luca_1", index=0)

    refused = bob.call(route.method, f"{path}?owner={submitted.owner}&{asks_for(route)}")

    assert route.method == "GET"
    assert refused.status_code == 403
    assert refused.json["error"]["message"] == "others' runs are shown to admins only"


def asks_for(route):
    return "&".join(
        f"{arg.name}=luca_1"
        for arg in route.args
        if arg.required and f"{{{arg.name}}}" not in route.path
    )


def test_an_owner_that_is_no_name_is_refused(admin, submitted):
    for owner in ("*", "a%20b", "a..b", "../b", "x" * 99):
        assert admin.get(f"/runs/luca_1?owner={owner}").status_code == 400, owner


def test_admins_change_no_run_of_others(admin, submitted):
    for method, path in [("POST", "cancel"), ("POST", "restart"), ("DELETE", "")]:
        refused = admin.call(
            method, f"/runs/luca_1/{path}".rstrip("/") + f"?owner={submitted.owner}"
        )
        assert refused.status_code == 400, path
