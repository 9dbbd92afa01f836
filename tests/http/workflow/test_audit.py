"""The audit log: what is noted, who may read it, and what is never in it."""

import json

import pytest

from tests.people import FOLDER, SUBMISSION


@pytest.fixture
def world(make_world):
    return make_world(admin_group="operators")


@pytest.fixture
def admin(world):
    return world.person("root", groups=("operators",))


def lines(admin, query=""):
    return [
        (line["person"], line["action"], line["target"], line["made"])
        for line in admin.get(f"/audit{query}").json
    ]


def test_what_people_change_is_noted_with_what_came_of_it(world, admin):
    alice, bob = world.person("alice"), world.person("bob")
    alice.upload()
    alice.post("/runs", json=SUBMISSION)
    alice.post("/runs?dry_run=true", json=SUBMISSION)
    alice.get("/runs")
    bob.put("/tarballs/mine", data=b"no tarball")
    alice.post("/", json={"action": "cancel_run", "name": "luca_1"})
    alice.call("DELETE", "/runs/luca_1")
    alice.get("/delete_folder?name=luca")

    assert lines(admin) == [
        ("alice", "delete_folder", "luca", ""),
        ("alice", "delete_run", "luca_1", ""),
        ("alice", "cancel_run", "luca_1", "luca_1"),
        ("alice", "create_run", "luca", "luca_1"),
        ("alice", "upload", "luca", ""),
    ]
    assert lines(admin, "?limit=1") == [("alice", "delete_folder", "luca", "")]
    assert lines(admin, f"?owner={bob.owner}") == []


def test_only_admins_read_it(world):
    answer = world.person("alice").get("/audit")

    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")


def test_it_holds_no_token_and_nothing_of_what_was_sent(world, admin):
    alice = world.person("alice")
    alice.upload({**FOLDER, "labels.txt": "0.123456\n"})
    alice.post("/runs", json={**SUBMISSION, "name": "x" * 5000, "title": "a secret title"})
    alice.put("/models/m/sharing", json={"groups": ["a secret group"]})

    noted = json.dumps(admin.get("/audit").json)

    for secret in (alice.header, "0.123456", "secret", "x" * 300):
        assert secret not in noted
