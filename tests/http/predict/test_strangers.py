"""Every route of predict, asked by somebody for another person's model: as if it were not there."""

import pytest

from mlaas4hep.http.predict.routes import ROUTES
from tests.http.predict.conftest import World

MODEL, ABSENT = "luca_1", "nix_9"
_ROW = [0.1, 0.2, 0.3, 0.4]
_TENSOR = {"name": "input", "shape": [1, 4], "datatype": "FP32", "data": _ROW}
_PNG = b"\x89PNG\r\n\x1a\n"
_EXAMPLES = {"examples": [{"met": 0.1, "njets": 0.2, "Muon_pt_0": 0.3, "Muon_pt_1": 0.4}]}
_AT_IMAGE = {"files": {"image": ("a.png", _PNG)}}


def _asked(model):
    """Return what each route that can name a model is asked for it."""
    named = {"params": {"model": model}}
    return {
        "predict": {"json": {"values": _ROW, "model": model}},
        "predict_proto": {"content": b"\x1a" + bytes([len(model)]) + model.encode()},
        "predict_image": _AT_IMAGE | {"data": {"model": model}},
        "model_params": named,
        "set_params": {"json": {"name": model, "description": "mine now"}},
        "delete_served_model": named,
        "netron_model": named,
        "v1_predict": {"json": {"instances": [_ROW]}},
        "v1_classify": {"json": _EXAMPLES},
        "v1_regress": {"json": _EXAMPLES},
        "v2_infer": {"json": {"inputs": [_TENSOR]}},
    }


#: name no model, or make one of the caller's own
_ELSEWHERE = {"status", "upload", "served_models", "v1_models", "v2_index"}
NAMING = [route for route in ROUTES if not route.is_open and route.name not in _ELSEWHERE]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    (models / "net").mkdir()
    (models / "net" / "model.tflite").write_bytes(b"of Alice, and nobody else's")
    world = World(models)
    world.serve_trained()
    return world


@pytest.fixture
def mallory(world):
    with world.client("mallory") as client:
        yield client


def _answer(client, route, model):
    path = route.path.replace("{model}", model)
    return client.request(route.method, path, **_asked(model).get(route.name, {}))


def _stored(world):
    return [(each.key, each.etag) for each in world.services.models.list("")]


@pytest.mark.parametrize("route", NAMING, ids=str)
def test_a_stranger_is_told_that_there_is_no_such_model_and_changes_nothing(world, mallory, route):
    before = _stored(world)

    found, absent = (_answer(mallory, route, model) for model in (MODEL, ABSENT))

    assert (found.status_code, absent.status_code) == (404, 404), found.text
    assert found.text.replace(MODEL, ABSENT) == absent.text
    assert _stored(world) == before


@pytest.mark.parametrize("path", ["/models", "/v1/models", "/status"])
def test_a_stranger_sees_no_model_of_others_in_any_list(world, mallory, path):
    with world.client("alice") as alice:
        told = alice.get(path)

    assert told.status_code == 200
    assert MODEL not in mallory.get(path).text
    assert path == "/status" or MODEL in told.text
