from dataclasses import replace

import pytest

from tests.http.predict.conftest import CONTRACT

COLUMNS = ["met", "njets", "Muon_pt_0", "Muon_pt_1"]


@pytest.mark.parametrize("path", ["/json", "/predict/json", "/"])
def test_one_row_is_answered_with_a_list_of_outputs(world, alice, expected, path):
    world.serve()

    answer = alice.post(path, json={"keys": [], "values": expected["rows"][1], "model": "luca_1"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == pytest.approx(expected["expected"][1], abs=1e-6)


def test_many_rows_are_answered_with_a_list_of_lists(world, alice, expected):
    world.serve()

    answer = alice.post("/json", json={"values": expected["rows"], "model": "luca_1"})

    assert [row[0] for row in answer.json()] == pytest.approx(
        [row[0] for row in expected["expected"]], abs=1e-6
    )


def test_keys_in_another_order_are_put_in_order(world, alice, expected):
    world.serve_trained()
    row = expected["rows"][1]

    answer = alice.post(
        "/json", json={"keys": COLUMNS[::-1], "values": row[::-1], "model": "luca_1"}
    )

    assert answer.json() == pytest.approx(expected["expected"][1], abs=1e-6)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["met", "njets", "Muon_pt_0", "Muon_pt1"], ["Muon_pt1", "did you mean 'Muon_pt_1'"]),
        (["met", "njets", "Muon_pt_0"], ["3 names", "4 columns", "'Muon_pt_1' is missing"]),
        (["met", "met", "njets", "Muon_pt_0", "Muon_pt_1"], ["twice"]),
    ],
)
def test_wrong_keys_are_refused_by_name(world, alice, keys, words):
    world.serve_trained()

    answer = alice.post("/json", json={"keys": keys, "values": [0.1] * 4, "model": "luca_1"})

    assert answer.status_code == 400
    assert all(word in answer.json()["error"] for word in words)


def test_keys_of_a_foreign_model_name_each_value(world, alice):
    world.serve("m")

    answer = alice.post("/json", json={"keys": ["a"], "values": [0.1] * 4, "model": "m"})

    assert answer.status_code == 400
    assert "`keys` has 1 names, a row has 4 values" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"model": "luca_1"}', "`values` is missing"),
        (b'{"model": "luca_1", "values": []}', "`values` is missing or empty"),
        (b'{"model": "luca_1", "values": [1, 2]}', "a row has 2 values, model 'luca_1' takes 4"),
        (b'{"model": "luca_1", "values": ["a", 1, 2, 3]}', "not numbers"),
        (b'{"model": "luca_1", "values": [{}, 1, 2, 3]}', "not numbers"),
        (b'{"model": "luca_1", "values": ["1", null, 2, 3]}', "not numbers"),
        (b'{"model": "luca_1", "action": [], "values": [1, 2, 3]}', "a row has 3 values"),
        (b'{"model": "luca_1", "values": [[1, 2, 3, 4], [1]]}', "different lengths"),
        (b'{"model": ["luca_1"], "values": [1, 2, 3, 4]}', "not a name"),
        (b'{"model": "luca_1", "keys": "met", "values": [1, 2, 3, 4]}', "not a list of names"),
        (b'{"model": "../luca_1", "values": [1, 2, 3, 4]}', "cannot be used"),
    ],
)
def test_what_is_no_row_is_refused_with_a_text(world, alice, body, words):
    world.serve()

    answer = alice.post("/json", content=body)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_missing_value_is_zero(world, alice):
    world.serve()

    with_null = alice.post("/json", json={"values": [0.5, None, 0.5, 0.5], "model": "luca_1"})
    with_zero = alice.post("/json", json={"values": [0.5, 0.0, 0.5, 0.5], "model": "luca_1"})

    assert with_null.json() == with_zero.json()


def test_a_missing_value_is_none_for_a_model_that_learned_so(world, alice):
    world.serve_trained(replace(CONTRACT, missing="nan"))
    row = {"values": [0.5, None, 0.5, 0.5], "model": "luca_1"}

    assert alice.post("/json", json=row).json() == [None]  # a net has no number for it
    assert alice.post("/json", json={**row, "values": [0.5, 0.0, 0.5, 0.5]}).json() != [None]


def test_a_request_without_a_model_means_the_one_uploaded_last(world, alice, expected):
    world.serve("older", folder="classes")
    world.serve("newer")

    answer = alice.post("/json", json={"keys": [], "values": expected["rows"][1]})

    assert answer.json() == pytest.approx(expected["expected"][1], abs=1e-6)


def test_a_model_with_several_outputs_gives_them_all(world, alice):
    world.serve(folder="classes")

    answer = alice.post("/json", json={"values": [0.1, 0.2, 0.3, 0.4], "model": "luca_1"})

    assert len(answer.json()) == 3
    assert sum(answer.json()) == pytest.approx(1, abs=1e-6)


def test_without_a_token_nobody_predicts(nobody):
    answer = nobody.post("/json", json={"values": [1], "model": "luca_1"})

    assert answer.status_code == 401
    assert answer.json()["error"] == "there is no token"


def test_a_body_that_is_too_large_is_refused(world, alice):
    answer = alice.post("/json", content=b" " * (64 * 1024**2 + 1))

    assert answer.status_code == 413


def test_unknown_paths_and_methods_are_named(alice):
    assert alice.get("/json").status_code == 405
    assert alice.get("/modles").status_code == 404
    assert "/models" in alice.get("/modles").json()["error"]
