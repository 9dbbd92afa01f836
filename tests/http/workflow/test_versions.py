"""Versions of models: promoted, listed, named, served again, described."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.data.specs.specs import RangeCount, Specs
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import ConflictError
from mlaas4hep.pipeline.promotion import promote
from mlaas4hep.pipeline.served import served_now
from mlaas4hep.usecases.versions import move_alias


def trained(world, person, name, version):
    """Store a model as a training does."""
    store = world.services.models
    contract = Contract(
        model=name,
        version=version,
        columns=("pt", "eta"),
        specs=Specs(branches=(), ranges=(RangeCount(file=0, start=0, stop=9, passed=7),)),
        identifiers=(),
        inputs=(("a.root", "identity-of-a"),),
        versions=(("keras", "3.15"),),
        metrics=(("test_auc", 0.81),),
    )
    files = {"contract.json": wire.dump(contract), "model.onnx": version.encode()}
    for file, content in files.items():
        store.put(keys.model_file(person.owner, name, version, file), content)
    record = ModelRecord(
        owner=person.owner, name=name, version=version, files=tuple(files), run_id="r"
    )
    store.put(keys.model(person.owner, name), sealed.dump(record))


@pytest.fixture
def higgs(world, alice):
    """Return what alice sees of a model that was promoted twice."""
    for number in (1, 2):
        trained(world, alice, f"luca_{number}", f"v{number}")
        answer = alice.post("/models/higgs/versions", json={"from": f"luca_{number}"})
        assert answer.status_code == 201
    return alice


def versions(person):
    return {one["version"]: one for one in person.get("/models/higgs/versions").json}


def test_versions_are_listed_with_where_they_came_from(higgs):
    found = versions(higgs)

    assert [one["served"] for one in found.values()].count(True) == 1
    assert found["v2"]["served"]
    assert found["v1"]["provenance"]["trained_as"] == "luca_1"
    assert found["v1"]["provenance"]["inputs"] == [["a.root", "identity-of-a"]]
    assert found["v1"]["provenance"]["versions"] == [["keras", "3.15"]]


def test_another_version_of_a_model_is_no_more_models_and_never_costs_the_model(make_world):
    world = make_world(max_models=3)
    alice = world.person("alice")

    def promote_to(name, source):
        return alice.post(f"/models/{name}/versions", json={"from": source}).status_code

    for number in (1, 2):
        trained(world, alice, f"luca_{number}", f"v{number}")

    assert [promote_to("higgs", "luca_1"), promote_to("higgs", "luca_2")] == [201, 201]
    assert promote_to("another", "luca_1") == 429
    trained(world, alice, "luca_3", "v3")  # one too many by now, as trainings at once may be
    assert promote_to("higgs", "luca_1") == 201
    assert set(versions(alice)) == {"v1", "v2"}


def test_a_version_whose_record_is_damaged_hides_no_other(higgs, world):
    key = keys.model_version(higgs.owner, "higgs", "v1")
    world.services.models.put(key, world.services.models.get(key)[:-9])

    assert list(versions(higgs)) == ["v2"]


def test_an_earlier_version_is_served_again(higgs, world):
    answer = higgs.post("/models/higgs/versions/v1/serve")

    assert answer.json["version"] == "v1"
    assert versions(higgs)["v1"]["served"]
    record = wire.load(ModelRecord, world.services.models.get(keys.model(higgs.owner, "higgs")))
    assert record.version == "v1"


def test_an_alias_is_moved_and_means_what_it_was_moved_to(higgs):
    higgs.put("/models/higgs/aliases/production", json={"version": "v1"})
    higgs.put("/models/higgs/aliases/candidate", json={"version": "v2"})

    moved = higgs.put("/models/higgs/aliases/production", json={"version": "candidate"})
    served = higgs.post("/models/higgs/versions/production/serve")

    assert {one["version"]: one["aliases"] for one in moved.json} == {
        "v1": [],
        "v2": ["candidate", "production"],
    }
    assert served.json["version"] == "v2"


def test_a_rollback_serves_what_was_served_before(higgs, world):
    trained(world, higgs, "luca_3", "v3")
    higgs.post("/models/higgs/versions/v1/serve")
    higgs.post("/models/higgs/versions", json={"from": "luca_3"})

    answer = higgs.post("/models/higgs/rollback")

    assert (answer.status_code, answer.json["version"]) == (200, "v1")
    assert set(versions(higgs)) == {"v1", "v2", "v3"}


def test_a_first_version_has_none_before_it(world, alice):
    trained(world, alice, "luca_1", "v1")
    alice.post("/models/higgs/versions", json={"from": "luca_1"})

    answer = alice.post("/models/higgs/rollback")

    assert answer.status_code == 409
    assert "no version of model 'higgs' before 'v1' is kept" in answer.json["error"]["message"]


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


def test_sharing_stays_when_the_version_changes(higgs):
    higgs.put("/models/higgs/sharing", json={"public": True})

    assert higgs.post("/models/higgs/versions/v1/serve").json["public"] is True


def test_a_card_says_what_somebody_should_know(higgs):
    told = higgs.get("/models/higgs/card?version=v1").json
    text = higgs.get("/models/higgs/card.md?version=v1").text

    assert told["version"]["provenance"]["metrics"] == [["test_auc", 0.81]]
    assert told["version"]["provenance"]["entries"] == 7
    for part in (
        "# higgs, version v1",
        "trained as luca_1",
        "test_auc: 0.81",
        "a.root",
        "keras 3.15",
    ):
        assert part in text


def test_old_versions_are_kept_up_to_a_number_but_never_one_with_an_alias(higgs, world):
    higgs.put("/models/higgs/aliases/production", json={"version": "v1"})
    for number in (3, 4):
        trained(world, higgs, f"luca_{number}", f"v{number}")
        promote(higgs.owner, f"luca_{number}", "higgs", replace(world.services, max_versions=1))

    assert {"v1", "v4"} <= versions(higgs).keys()
    assert len(versions(higgs)) < 4


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("post", "/models/higgs/versions/v9/serve", None, 404, "no version 'v9'"),
        ("put", "/models/higgs/aliases/production", {"version": "v9"}, 404, "no version 'v9'"),
        ("put", "/models/higgs/aliases/v1", {"version": "v2"}, 400, "the name of a version"),
        ("post", "/models/higgs/versions", {"from": "luca_9"}, 404, "no model named 'luca_9'"),
        ("post", "/models/luca_1/versions", {"from": "luca_2"}, 409, "was not promoted"),
        ("post", "/models/higgs/versions", {}, 400, "from is None"),
        ("put", "/models/higgs/aliases/a", {"version": "v1", "expected": 1}, 400, "expected is 1"),
        ("post", "/models/a b/versions", {"from": "luca_1"}, 400, "model 'a b' cannot be used"),
        ("put", "/models/higgs/aliases/a", {"versoin": "v1"}, 400, "unknown key 'versoin'"),
        ("put", "/models/higgs/aliases/a", {"version": "v1", "expect": ""}, 400, "unknown key 'ex"),
        ("post", "/models/higgs/rollback", {"version": "v1"}, 400, "unknown key 'version'"),
        ("post", "/models/none/rollback", None, 404, "no model named 'none'"),
    ],
)
def test_what_cannot_be_is_refused(higgs, method, path, body, status, says):  # noqa: PLR0917
    answer = higgs.call(method.upper(), path, json=body)

    assert answer.status_code == status
    assert says in answer.json["error"]["message"]


def test_others_do_not_change_what_is_shared_with_them(higgs, world):
    higgs.put("/models/higgs/sharing", json={"public": True})
    bob = world.person("bob")

    answer = bob.post(f"/models/higgs/versions/v1/serve?owner={higgs.owner}")

    assert answer.status_code in (400, 403, 404)
