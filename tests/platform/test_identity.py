"""Who gets in: tokens of the real issuer, and what a wrong one reaches."""

import uuid

import pytest

from deploy.testbed import identity, process
from tests.platform.outside import PLACE, knock, knock_raw, watched

DOORS = ("workflow", "predict")


@pytest.fixture(scope="module")
def expired():
    """Return a token that was good for one second; later than that, wait is over."""
    return identity.token(PLACE, "alice", seconds=1)


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body}.{signature[:-8]}{'A' * 8}"


def bad(kind: str, expired: str) -> str | None:
    good = identity.token(PLACE, "alice")
    return {
        "no token": None,
        "expired": expired,
        "other audience": identity.token(PLACE, "alice", audience="elsewhere"),
        "other issuer": identity.token(PLACE, "alice", issuer="stranger"),
        "tampered": tampered(good),
        "no token at all": "gibberish",
    }[kind]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "kind",
    ["no token", "expired", "other audience", "other issuer", "tampered", "no token at all"],
)
def test_a_bad_token_is_401_json_and_reaches_nothing(kind, door, expired, platform):
    token = bad(kind, expired)
    path = f"/hello-{uuid.uuid4().hex}"
    if kind == "expired":
        process.wait(
            lambda: knock(door, "GET", path, token).status_code == 401, 30, "the token's end"
        )

    with watched(platform.folder("logs") / "gateway.log") as passed:
        answer = knock(door, "GET", path, token)
        control = f"/hello-{uuid.uuid4().hex}"
        knock(door, "GET", control, identity.token(PLACE, "alice"))
        process.wait(lambda: control in passed(), 10, "the gateway's log")

    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/json")
    assert path not in passed()


@pytest.mark.parametrize("door", DOORS)
def test_a_good_token_gets_in(door, alice):
    path = {"workflow": "/runs", "predict": "/models"}[door]

    assert alice.call(door, "GET", path).status_code == 200


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "path",
    [
        "/system/functions",
        "/function/specs",
        "/function/train",
        "/../specs",
        "/..%2Fspecs",
        "//specs",
    ],
)
def test_a_person_reaches_no_other_function_and_no_system_route(path, door, alice, platform):
    with watched(platform.folder("logs") / "gateway.log") as passed:
        status = knock_raw(door, path, alice.token)

    assert status in {301, 302, 307, 308, 400, 401, 404, 405}
    assert not [
        line
        for line in passed().splitlines()
        if any(f" /function/{name} " in line for name in ("specs", "train", "chunk-preprocess"))
    ]


@pytest.mark.parametrize("name", ["specs", "chunk-preprocess", "train"])
def test_inside_the_network_a_persons_token_is_worth_nothing_to_a_pipeline_function(
    name, alice, gateway
):
    bearer = {"Authorization": f"Bearer {alice.token}"}

    answer = gateway.post(f"/function/{name}", headers=bearer, auth=None, content=b"{}")

    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/system/functions", "/system/secrets"])
def test_the_gateways_own_routes_want_its_password(path, gateway):
    assert gateway.get(path, auth=None).status_code == 401
    assert gateway.get(path).status_code == 200
