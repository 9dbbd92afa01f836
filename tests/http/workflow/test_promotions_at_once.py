"""Promotions, aliases and shares of one model at the same time: one wins, and the others are told."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core import keys
from mlaas4hep.errors import ConflictError
from mlaas4hep.pipeline.promotion import promote
from mlaas4hep.pipeline.servedversion import served_now
from mlaas4hep.usecases.versions import move_alias
from tests.http.workflow.promoted import trained, versions


class Meanwhile(MemoryStore):
    """A store in which somebody else is a little faster, once, at writing a key."""

    def __init__(self, store, key, act):
        super().__init__(store._clock)
        self._objects = store._objects
        self._key, self._act = key, act

    def put_if(self, key, data, etag):
        self._be_second(key)
        super().put_if(key, data, etag)

    def put_stream(self, key, stream, limit):
        self._be_second(key)
        return super().put_stream(key, stream, limit)

    def _be_second(self, key):
        if key == self._key and self._act:
            act, self._act = self._act, None
            act()


def faster(world, person, key, act):
    """Let somebody else act when a request of the person is about to write `key`."""
    store = Meanwhile(world.services.models, key(person.owner, "higgs"), act)
    return replace(world.services, models=store)


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(higgs, world):
    for number in (3, 4):
        trained(world, higgs, f"luca_{number}", f"v{number}")
    services = faster(
        world,
        higgs,
        keys.model,
        lambda: higgs.post("/models/higgs/versions", json={"from": "luca_3"}),
    )

    with pytest.raises(ConflictError, match="version 'v3' of model 'higgs' is served by now"):
        promote(higgs.owner, "luca_4", "higgs", services)

    assert versions(higgs)["v3"]["served"]


def test_a_promotion_that_came_too_late_changes_nothing_about_rollbacks(higgs, world):
    for number in (3, 4):
        trained(world, higgs, f"luca_{number}", f"v{number}")
    services = faster(
        world,
        higgs,
        lambda owner, name: keys.model_file(owner, name, "v4", "model.onnx"),
        lambda: higgs.post("/models/higgs/versions", json={"from": "luca_3"}),
    )
    with pytest.raises(ConflictError, match="'v4' is not"):
        promote(higgs.owner, "luca_4", "higgs", services)

    answer = higgs.post("/models/higgs/rollback")

    assert (answer.status_code, answer.json["version"]) == (200, "v2")


def test_who_shares_a_model_while_it_is_promoted_does_not_lose_it(higgs, world):
    trained(world, higgs, "luca_3", "v3")
    services = faster(
        world,
        higgs,
        keys.model,
        lambda: higgs.put("/models/higgs/sharing", json={"groups": ["cms"]}),
    )

    promoted = promote(higgs.owner, "luca_3", "higgs", services)

    assert (promoted.version, promoted.groups) == ("v3", ("cms",))
    assert higgs.get("/models/higgs").json["groups"] == ["cms"]


@pytest.mark.parametrize(("moved", "ends"), [("production", "v2"), ("candidate", "v1")])
def test_who_moves_an_alias_at_the_same_time_is_told_and_no_other_is_lost(
    higgs, world, moved, ends
):
    services = faster(
        world,
        higgs,
        keys.aliases,
        lambda: higgs.put(f"/models/higgs/aliases/{moved}", json={"version": "v2"}),
    )
    record, _ = served_now(higgs.owner, "higgs", services)

    def move():
        move_alias(record, "production", "v1", services)

    if moved == "production":
        with pytest.raises(ConflictError, match="'production' of model 'higgs' means 'v2' by now"):
            move()
    else:
        move()
    found = versions(higgs)
    assert moved in found["v2"]["aliases"]
    assert "production" in found[ends]["aliases"]


def test_an_alias_is_moved_only_from_where_it_is_expected(higgs):
    path = "/models/higgs/aliases/production"

    first = higgs.put(path, json={"version": "v1", "expected": ""})
    wrong = higgs.put(path, json={"version": "v2", "expected": "v2"})
    right = higgs.put(path, json={"version": "v2", "expected": "v1"})

    assert [first.status_code, wrong.status_code, right.status_code] == [200, 409, 200]
    assert "means 'v1' by now, not 'v2'" in wrong.json["error"]["message"]
