"""Versions of models: promoted, listed, named, served again, described."""

from dataclasses import replace

import pytest

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.pipeline.promotion import promote
from tests.http.workflow.promoted import trained, versions


def test_versions_are_listed_with_where_they_came_from(higgs):
    found = versions(higgs)

    assert [one["served"] for one in found.values()].count(True) == 1
    assert found["v2"]["served"]
    assert found["v1"]["provenance"]["trained_as"] == "luca_1"
    assert found["v1"]["provenance"]["inputs"] == [["a.root", "identity-of-a"]]
    assert found["v1"]["provenance"]["versions"] == [["keras", "3.15"]]
    assert found["v1"]["provenance"]["specs_digest"] == "digest-of-specs"
    assert found["v1"]["provenance"]["code"] == "digest-of-model-py"


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


@pytest.mark.parametrize("file", ["model.onnx", "contract.json"])
def test_an_earlier_version_that_is_damaged_is_not_served_again(higgs, world, file):
    key = keys.model_file(higgs.owner, "higgs", "v1", file)
    world.services.models.put(key, world.services.models.get(key)[:-1] + b"?")

    answer = higgs.post("/models/higgs/versions/v1/serve")

    assert (answer.status_code, answer.json["error"]["file"]) == (422, file)
    record = wire.load(ModelRecord, world.services.models.get(keys.model(higgs.owner, "higgs")))
    assert record.version == "v2"


def test_the_record_of_another_model_is_refused(higgs, world):
    store = world.services.models
    store.put(keys.model(higgs.owner, "higgs"), store.get(keys.model(higgs.owner, "luca_1")))

    answer = higgs.get("/models/higgs/versions")

    assert answer.status_code == 422
    assert "it is that of model 'luca_1'" in answer.json["error"]["message"]


def test_aliases_that_are_damaged_are_refused_in_words(higgs, world):
    higgs.put("/models/higgs/aliases/production", json={"version": "v1"})
    key = keys.aliases(higgs.owner, "higgs")
    body = world.services.models.get(key)
    for harmed in (body.replace(b"v1", b"v2"), body[:-2], b""):
        world.services.models.put(key, harmed)

        answer = higgs.post("/models/higgs/versions/production/serve")

        assert (answer.status_code, "aliases" in answer.json["error"]["message"]) == (422, True)


def test_aliases_of_an_earlier_release_are_read(higgs, world):
    world.services.models.put(keys.aliases(higgs.owner, "higgs"), b'{"production": "v1"}')

    assert higgs.post("/models/higgs/versions/production/serve").json["version"] == "v1"


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


def test_versions_are_in_the_order_of_their_promotions_whenever_records_are_written(higgs, world):
    trained(world, higgs, "luca_3", "v3")
    higgs.post("/models/higgs/versions", json={"from": "luca_3"})
    store = world.services.models
    for version in ("v3", "v1", "v2"):  # as whoever puts one back, or copies a bucket, does
        key = keys.model_version(higgs.owner, "higgs", version)
        store.put(key, store.get(key))

    assert list(versions(higgs)) == ["v3", "v2", "v1"]
    assert higgs.post("/models/higgs/rollback").json["version"] == "v2"


def test_a_first_version_has_none_before_it(world, alice):
    trained(world, alice, "luca_1", "v1")
    alice.post("/models/higgs/versions", json={"from": "luca_1"})

    answer = alice.post("/models/higgs/rollback")

    assert answer.status_code == 409
    assert "no version of model 'higgs' before 'v1' is kept" in answer.json["error"]["message"]


@pytest.mark.parametrize("groups", [["a"] * 100_000, ["x" * 500_000], ["\0"], [""]])
def test_groups_that_every_list_of_models_would_carry_are_refused(higgs, groups):
    refused = higgs.put("/models/higgs/sharing", json={"groups": groups})

    assert (refused.status_code, higgs.get("/models/higgs").json["groups"]) == (400, [])


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
