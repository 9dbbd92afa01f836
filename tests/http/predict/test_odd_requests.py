"""Requests to LiteRT models that are odd in one way each.

Every kind of model that people bring is in tests/acceptance/right_or_refused/test_serving.py.
"""

import pytest


@pytest.mark.parametrize(
    "change",
    [{"shape": "14"}, {"shape": [1.0, 4]}, {"shape": [True, 4]}, {"name": "twice"}],
)
def test_odd_shapes_and_inputs_that_are_there_twice_are_refused(world, alice, change):
    world.serve("m")
    one = {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
    inputs = [one, one] if change == {"name": "twice"} else [{**one, **change}]

    answer = alice.post("/v2/models/m/infer", json={"inputs": inputs})

    assert answer.status_code == 400, answer.text


def test_numbers_too_large_for_single_precision_are_refused(world, alice):
    world.serve("m")

    too_large = [1e300, 0, 0, 0]

    for path, body in (
        ("/v1/models/m:predict", {"instances": [too_large]}),
        ("/json", {"model": "m", "values": too_large}),
    ):
        assert alice.post(path, json=body).status_code == 400


def test_examples_are_classified_and_regressed(world, alice):
    world.serve_trained()
    world.serve("three", "classes")
    example = {"met": 0.9, "njets": 0.8, "Muon_pt_0": 0.7, "Muon_pt_1": 0.6}
    rows = [[0.9, 0.8, 0.7, 0.6]]
    (single,) = alice.post("/v1/models/luca_1:predict", json={"instances": rows}).json()[
        "predictions"
    ]

    regressed = alice.post("/v1/models/luca_1:regress", json={"examples": [example]})
    classified = alice.post("/v1/models/luca_1:classify", json={"examples": [example]})
    wrong = alice.post("/v1/models/luca_1:regress", json={"examples": [{**example, "mett": 1}]})

    assert regressed.json() == {"results": single}
    assert classified.json() == {"results": [[["0", pytest.approx(single[0])]]]}
    assert (wrong.status_code, "did you mean 'met'" in wrong.json()["error"]) == (400, True)
