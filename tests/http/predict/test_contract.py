"""Every route of predict holds to the contract of routes."""

import base64
import io
import tarfile

import pytest

from mlaas4hep.http.predict.routes import ROUTES
from tests.http.contract import Answered, Example, RouteContract

_MODEL = Example(args={"model": "luca_1"})
_ROW = {"values": [0.1, 0.2, 0.3, 0.4], "model": "luca_1"}
EXAMPLES = {
    "predict": Example(json=_ROW),
    "served_models": Example(),
    "served_model": _MODEL,
    "model_params": _MODEL,
    "set_params": Example(args={"name": "luca_1"}, json={"description": "better"}),
    "delete_served_model": _MODEL,
    "status": Example(),
    "netron": Example(),
    "netron_model": _MODEL,
    "netron_script": Example(),
    "netron_file": Example(args={"file": "index.html"}),
    "v1_state": _MODEL,
    "v1_metadata": _MODEL,
    "v1_predict": Example(args={"model": "luca_1"}, json={"instances": [_ROW["values"]]}),
    "v2_server": Example(),
    "v2_live": Example(),
    "v2_ready": Example(),
    "v2_index": Example(),
    "v2_model": _MODEL,
    "v2_model_ready": _MODEL,
    "v2_config": _MODEL,
    "v2_stats": _MODEL,
    "health": Example(),
    "readiness": Example(),
}
#: bodies that are no JSON, or made for one model: see their own tests
ELSEWHERE = {
    "predict_proto", "predict_image", "upload", "v1_classify", "v1_models", "v1_regress", "v2_infer",
}  # fmt: skip


class Door:
    """Calls the routes of a world that serves a model."""

    def __init__(self, make_world):
        self._make_world = make_world
        self.world = make_world()
        self.world.serve_trained(
            files=("model.tflite", "model.keras"),
        )

    def fresh(self):
        return Door(self._make_world)

    def send(self, method, path, query, example, token="Bearer alice"):
        sent = {} if example.json is None else {"json": example.json}
        headers = {"Authorization": token} if token else {}
        with self.world.client("") as client:
            answer = client.request(method, path, params=query, headers=headers, **sent)
        media = answer.headers["content-type"].partition(";")[0]
        return Answered(status=answer.status_code, media=media, body=answer.content)


@pytest.fixture(
    params=[route for route in ROUTES if route.name in EXAMPLES],
    ids=str,
)
def route(request):
    return request.param


@pytest.fixture
def example(route):
    return EXAMPLES[route.name]


@pytest.fixture
def door(make_world):
    return Door(make_world)


class TestPredict(RouteContract):
    """The contract, for predict."""

    function = "predict"
    bad_tokens = ("",)  # these tests believe every name


def test_a_bundle_is_uploaded_by_an_action(make_world, bundle):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(bundle(), "pia")
    sent = {"action": "upload", "name": "pia", "bundle": base64.b64encode(packed.getvalue())}
    sent["bundle"] = sent["bundle"].decode()

    with make_world().client() as alice:
        uploaded = alice.post("/", json=sent)

    assert (uploaded.status_code, uploaded.json()["name"]) == (200, "pia")


def test_every_route_has_an_example_or_tests_of_its_own():
    assert {route.name for route in ROUTES} == EXAMPLES.keys() | ELSEWHERE
