"""Lists, params, sharing and deletion."""

from dataclasses import replace

import pytest

from tests.http.predict.conftest import CONTRACT, SPECS


def test_models_are_listed_in_both_spellings(world, alice, bob):
    world.serve(
        description="a net", labels="labels.txt", input_node="in", output_node="out", options=("a",)
    )

    (listed,) = alice.get("/models").json()

    assert bob.get("/models").json() is None
    assert listed.pop("timestamp")
    assert listed == {
        "name": "luca_1",
        "model": "model.tflite",
        "labels": "labels.txt",
        "op": "",
        "imgChannels": 0,
        "options": ["a"],
        "inputNode": "in",
        "outputNode": "out",
        "input_node": "in",
        "output_node": "out",
        "output_name": "",
        "description": "a net",
        "owner": "owner-alice",
        "version": "v1",
        "files": ["model.tflite"],
        "public": False,
        "groups": [],
    }


def test_shared_models_are_listed_when_asked_for(world, alice, bob):
    world.serve(public=True)
    world.serve("mine", owner="bob")

    names = [each["name"] for each in bob.get("/models?shared=1").json()]

    assert names == ["mine", "owner-alice/luca_1"]


def test_texts_that_training_has_seen_are_told(world, alice):
    flavour = replace(SPECS.branch("met"), low=0.0, high=1.0, texts=("", "<b>e</b>"))
    others = (each for each in SPECS.branches if each.name != "met")
    specs = replace(SPECS, branches=(*others, flavour))
    world.serve_trained(replace(CONTRACT, specs=specs))

    assert alice.get("/models/luca_1").json()["categories"] == {"met": ["", "<b>e</b>"]}


def test_one_model_is_shown_with_what_it_takes(world, alice):
    world.serve_trained()

    shown = alice.get("/models/luca_1").json()

    assert shown["platform"] == "litert"
    assert shown["columns"] == ["met", "njets", "Muon_pt_0", "Muon_pt_1"]
    assert shown["ranges"] == {"met": [0, 200], "njets": [0, 10], "Muon_pt": [0, 100]}
    assert shown["inputs"] == [{"name": "features", "dtype": "float32", "shape": [-1, 4]}]
    assert shown["branches"] == {
        "flat": ["met", "njets"],
        "jagged": ["Muon_pt"],
        "either": ["ntrk"],
        "filled": [],
        "identifiers": ["event"],
    }


@pytest.mark.parametrize("path", ["/params", "/params?model=luca_1", "/params/luca_1"])
def test_params_of_a_model_can_be_read(world, alice, path):
    world.serve(description="a net")

    assert alice.get(path).json()["description"] == "a net"


def test_params_can_be_changed_and_share_a_model(world, alice, bob):
    world.serve()

    changed = alice.post("/params", json={"name": "luca_1", "labels": "l.txt", "public": True})

    assert (changed.json()["labels"], changed.json()["public"]) == ("l.txt", True)
    assert bob.get("/params?model=owner-alice/luca_1").json()["labels"] == "l.txt"
    assert bob.post("/params", json={"name": "owner-alice/luca_1"}).status_code == 403


@pytest.mark.parametrize(
    "params",
    [{"lables": "x"}, {"labels": 3}, {"public": "yes"}, {"groups": "top"}, {"groups": ["a\n"]}],
)
def test_wrong_params_are_refused(world, alice, params):
    world.serve()

    assert alice.post("/params", json={"name": "luca_1", **params}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("DELETE", "/delete/luca_1", {}),
        ("DELETE", "/delete", {"files": {"model": (None, "luca_1")}}),
        ("DELETE", "/delete", {"data": {"model": "luca_1"}}),
        ("DELETE", "/delete?model=luca_1", {}),
        ("DELETE", "/models/luca_1", {}),
        ("POST", "/", {"json": {"action": "delete", "model": "luca_1"}}),
    ],
)
def test_a_model_can_be_deleted_in_every_way(world, alice, method, path, given):
    world.serve()

    answer = alice.request(method, path, **given)

    assert answer.status_code == 200
    assert alice.get("/models").json() is None
    assert list(world.services.models.list("owner-alice/")) == []


@pytest.mark.parametrize("name", ["luca_1", "owner-alice/luca_1"])
def test_nobody_deletes_what_belongs_to_others(world, bob, name):
    world.serve(public=True)

    assert bob.delete(f"/delete/{name}").status_code in (403, 404)
    assert list(world.services.models.list("")) != []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_deleted_by_other_methods(world, alice, method):
    world.serve()

    assert alice.request(method, "/delete/luca_1").status_code == 405


def test_every_list_can_be_asked_for_by_body_or_query(world, alice):
    world.serve()
    models = alice.get("/models").json()

    assert alice.post("/", json={"action": "models"}).json() == models
    assert alice.get("/?action=models").json() == models
    assert alice.post("/", json={"action": "model", "model": "luca_1"}).json()["name"] == "luca_1"
    assert alice.post("/", json={"action": "status"}).status_code == 200
    assert alice.post("/", json={"action": "modles"}).status_code == 400
    assert alice.get("/?action=delete&model=luca_1").status_code == 400


def test_status_tells_what_monitoring_of_tfaas_reads(alice):
    alice.get("/models")

    status = alice.get("/status").json()

    assert (status["getRequests"], status["postRequests"]) == (2, 0)
    assert {"Uptime", "Load", "Memory"} <= status.keys()


def test_health_needs_no_token(nobody):
    assert nobody.get("/_/health").json() == {"status": "healthy"}
    assert nobody.get("/_/ready").json() == {"status": "ready"}
    assert nobody.get("/").json()["service"] == "mlaas4hep predict"
    assert nobody.get("/?action=models").status_code == 401
