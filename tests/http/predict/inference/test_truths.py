"""true and false among the numbers of a request: refused, with the name of what they are for."""

from dataclasses import replace

import pytest

from tests.http.predict.conftest import CONTRACT, SPECS

ROW = [0.9, True, 0.7, 0.6]
ROWS = [[0.9, 0.8, 0.7, 0.6]] * 20 + [ROW]
NAMED = {"met": 0.9, "njets": True, "Muon_pt_0": 0.7, "Muon_pt_1": 0.6}
ENTRY = {"event": 7, "met": 20.0, "njets": 3, "ntrk": 5, "Muon_pt": [41.2, 12.0]}
V1, INFER = "/v1/models/luca_1:predict", "/v2/models/luca_1/infer"


def values(given, **more):
    return {"model": "luca_1", "values": given, **more}


def tensor(data, shape):
    return {"inputs": [{"name": "features", "shape": shape, "datatype": "FP32", "data": data}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/json", values(ROW)),
        ("/json", values([True] * 4, keys=["njets", "met", "Muon_pt_0", "Muon_pt_1"])),
        ("/json", values(ROWS)),
        (V1, {"instances": [ROW]}),
        (V1, {"instances": ROWS}),
        (V1, {"inputs": ROWS}),
        (V1, {"inputs": {"features": [ROW]}}),
        ("/v1/models/luca_1:regress", {"examples": [NAMED]}),
        (INFER, tensor(ROW, [1, 4])),
        (INFER, tensor(ROW[:1] * 4 + ROW, [2, 4])),
        (INFER, tensor([ROW[:1] * 4, ROW], [2, 4])),
        ("/", {"action": "v1", "model": "luca_1", "instances": [ROW]}),
        ("/", {"action": "infer", "model": "luca_1", **tensor(ROW, [1, 4])}),
    ],
)
def test_they_are_no_numbers_of_a_row(world, alice, path, body):
    world.serve_trained()

    answer = alice.post(path, json=body)

    assert answer.status_code == 400, answer.text
    assert "true" in answer.json()["error"]
    assert "njets" in answer.json()["error"]


@pytest.mark.parametrize(
    ("change", "named"),
    [({"met": True}, "met"), ({"njets": False}, "njets"), ({"Muon_pt": [True, 2.0]}, "Muon_pt")],
)
def test_they_are_no_numbers_of_a_branch_that_had_others(world, alice, change, named):
    world.serve_trained()
    wrong = {**ENTRY, **change}
    by_branch = {name: [ENTRY[name], wrong[name]] for name in ENTRY}

    for body in ({"entries": [ENTRY, wrong]}, {"branches": by_branch}):
        answer = alice.post("/json", json={"model": "luca_1", **body})

        assert answer.status_code == 400, answer.text
        assert f"entry 1: branch {named!r} is " in answer.json()["error"]


def test_they_are_0_and_1_of_a_branch_that_is_a_flag(world, alice):
    branches = (
        replace(each, high=1.0) if each.name == "njets" else each for each in SPECS.branches
    )
    specs = replace(SPECS, branches=tuple(branches))
    world.serve_trained(contract=replace(CONTRACT, specs=specs))

    told = alice.post("/json", json={"model": "luca_1", "entries": [{**ENTRY, "njets": True}]})
    as_number = alice.post("/json", json={"model": "luca_1", "entries": [{**ENTRY, "njets": 1}]})

    assert told.json()["predictions"] == as_number.json()["predictions"]


def test_a_name_that_reads_like_one_changes_nothing(world, alice):
    world.serve_trained()

    plain = alice.post(V1, json={"instances": [ROWS[0]]})
    beside = alice.post(V1, json={"instances": [ROWS[0]], "comment": "true or false"})

    assert plain.json() == beside.json()
