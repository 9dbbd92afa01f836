"""TensorFlow Serving's dialect."""

import pytest

PREDICT = "/v1/models/luca_1:predict"


@pytest.fixture
def scores(expected):
    return [[pytest.approx(row[0], abs=1e-6)] for row in expected["expected"]]


@pytest.fixture
def alice_served(world, alice):
    world.serve()
    return alice


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (lambda rows: {"instances": rows}, "predictions"),
        (lambda rows: {"instances": [{"features": row} for row in rows]}, "predictions"),
        (lambda rows: {"inputs": rows}, "outputs"),
        (lambda rows: {"inputs": {"features": rows}}, "outputs"),
        (lambda rows: {"signature_name": "serving_default", "instances": rows}, "predictions"),
    ],
)
def test_rows_and_columns_are_predicted(alice_served, expected, scores, request_, key):
    answer = alice_served.post(PREDICT, json=request_(expected["rows"]))

    assert (answer.status_code, answer.json()) == (200, {key: scores})


def test_several_inputs_and_outputs_go_by_name(world, alice):
    world.serve("pair", folder="pair")
    rows = [{"left": [1, 2], "right": [3, 4, 5]}, {"left": [0, 0], "right": [0, 0, 1]}]
    columns = {"left": [[1, 2], [0, 0]], "right": [[3, 4, 5], [0, 0, 1]]}

    by_row = alice.post("/v1/models/pair:predict", json={"instances": rows}).json()
    by_column = alice.post("/v1/models/pair:predict", json={"inputs": columns}).json()

    assert by_row["predictions"] == [
        {"total": [15.0], "scaled": [2.0, 4.0]},
        {"total": [1.0], "scaled": [0.0, 0.0]},
    ]
    assert by_column["outputs"] == {
        "total": [[15.0], [1.0]],
        "scaled": [[2.0, 4.0], [0.0, 0.0]],
    }


def test_status_and_metadata(world, alice):
    world.serve()

    status = alice.get("/v1/models/luca_1").json()
    metadata = alice.get("/v1/models/luca_1/metadata").json()

    assert status["model_version_status"][0]["state"] == "AVAILABLE"
    assert metadata["model_spec"] == {"name": "luca_1", "signature_name": "", "version": "v1"}
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["features"] == {
        "dtype": "DT_FLOAT",
        "tensor_shape": {
            "dim": [{"size": "-1", "name": ""}, {"size": "4", "name": ""}],
            "unknown_rank": False,
        },
        "name": "features",
    }


@pytest.mark.parametrize(("version", "status"), [("v1", 200), ("v0", 404)])
def test_only_the_newest_version_is_there(world, alice, expected, version, status):
    world.serve()
    path = f"/v1/models/luca_1/versions/{version}"

    answer = alice.post(f"{path}:predict", json={"instances": expected["rows"]})

    assert (answer.status_code, alice.get(path).status_code) == (status, status)


def test_a_shared_model_has_its_owner_in_the_path(world, bob, expected, scores):
    world.serve(public=True)

    answer = bob.post("/v1/models/owner-alice/luca_1:predict", json={"instances": expected["rows"]})

    assert answer.json() == {"predictions": scores}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"instances": []},
        {"instances": 3},
        {"instances": [[1, 2]]},
        {"instances": [[1, 2, 3, 4], [1]]},
        {"instances": [["a", 2, 3, 4]]},
        {"instances": [{"other": [1, 2, 3, 4]}]},
        {"instances": [{"features": [1, 2, 3, 4], "other": 1}]},
        {"inputs": {"other": [[1, 2, 3, 4]]}},
        {"inputs": [[1, 2, 3, 4]], "instances": [[1, 2, 3, 4]]},
        {"instances": [[1, 2, 3, 4]], "signature_name": "other"},
    ],
)
def test_wrong_requests_are_refused_with_a_text(world, alice, body):
    world.serve()

    answer = alice.post(PREDICT, json=body)

    assert (answer.status_code, type(answer.json()["error"])) == (400, str)


def test_it_also_works_by_body(world, alice, expected, scores):
    world.serve()

    answer = alice.post(
        "/", json={"action": "v1", "model": "luca_1", "instances": expected["rows"]}
    )

    assert answer.json() == {"predictions": scores}
