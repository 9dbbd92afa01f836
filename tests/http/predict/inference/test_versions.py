"""Versions of a model that are kept answer by their names, and by those of aliases."""

import json

import pytest

from mlaas4hep.core import keys
from mlaas4hep.pipeline.promotion import promote

ROWS = {"instances": [[0.9, 0.8, 0.7, 0.6]]}
V2 = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": ROWS["instances"][0]}]}


@pytest.fixture
def higgs(world):
    """Promote a model of three outputs, then one of one; production is the first."""
    world.serve("three", "classes", version="v1")
    record = world.serve("one", version="v2")
    for name in ("three", "one"):
        promote(record.owner, name, "higgs", world.services)
    world.services.models.put(keys.aliases(record.owner, "higgs"), b'{"production": "v1"}')
    return record


def outputs(client, version=""):
    path = f"/v1/models/higgs/versions/{version}:predict" if version else "/v1/models/higgs:predict"
    answer = client.post(path, json=ROWS)
    assert answer.status_code == 200, answer.text
    return len(answer.json()["predictions"][0])


def test_each_version_answers_by_its_name_and_its_alias(higgs, alice):
    assert [outputs(alice, version) for version in ("", "v2", "v1", "production")] == [1, 1, 3, 3]


def test_an_alias_is_a_label_of_tensorflow_serving(higgs, alice):
    path = "/v1/models/higgs/labels/production"

    assert len(alice.post(f"{path}:predict", json=ROWS).json()["predictions"][0]) == 3
    assert alice.get(f"{path}/metadata").json()["model_spec"]["version"] == "v1"
    (state,) = alice.get(path).json()["model_version_status"]
    assert (state["version"], state["state"]) == ("v1", "AVAILABLE")
    assert alice.get("/v1/models/higgs/labels/stable").status_code == 404


def test_the_open_inference_protocol_has_versions_too(higgs, alice):
    name = alice.get("/v2/models/higgs/versions/production").json()["inputs"][0]["name"]
    body = json.loads(json.dumps(V2).replace('"x"', f'"{name}"'))

    old = alice.post("/v2/models/higgs/versions/production/infer", json=body).json()
    new = alice.post("/v2/models/higgs/versions/v2/infer", json=body).json()

    assert old["outputs"][0]["shape"] == [1, 3]
    assert new["outputs"][0]["shape"] == [1, 1]


def test_an_alias_that_is_moved_answers_with_the_other_version(higgs, world, alice):
    assert outputs(alice, "production") == 3

    world.services.models.put(keys.aliases(higgs.owner, "higgs"), b'{"production": "v2"}')

    assert outputs(alice, "production") == 1


@pytest.mark.parametrize("version", ["v9", "candidate", "..%2F..%2Fother"])
def test_a_version_that_is_not_there_is_refused_with_the_one_that_is(higgs, alice, version):
    answer = alice.get(f"/v2/models/higgs/versions/{version}")

    assert answer.status_code in (400, 404)


def test_nobody_uses_a_version_of_a_model_that_is_not_theirs(higgs, bob):
    for model in ("higgs", f"{higgs.owner}%2Fhiggs", f"{higgs.owner}/higgs"):
        assert bob.get(f"/v2/models/{model}/versions/v1").status_code == 404
