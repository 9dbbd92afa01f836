"""Dry runs of weights that nothing can be learned with: what a run would say after it has measured."""

import json

import numpy as np
import pytest
import uproot

from tests.http.workflow.runs.networks import QUICK

ALL = "the weight {!r} is 0 in every entry: nothing can be learned"


@pytest.fixture
def dry_run(alice, files, tmp_path):
    """Return a function that asks for a dry run of two files, of class 1 and 0, with weights."""

    def dry_run(entries=100, **params):
        for name in ("a.root", "b.root"):
            event = np.arange(float(entries))
            with uproot.recreate(tmp_path / name) as file:
                file["events"] = {"pt": event % 7, "event": event, "odd": event % 2}
            files[name] = (tmp_path / name).read_bytes()
        files["params.json"] = json.dumps({"branch": "events", "identifier": ["event"], **params})
        alice.upload({**files, "model.py": QUICK})
        return alice.post("/runs?dry_run=1", json={"name": "luca", "preproc": ""})

    return dry_run


@pytest.mark.parametrize(
    ("params", "stage", "says"),
    [
        ({"weight": "0 * odd"}, "specs", ALL.format("0 * odd")),
        (
            {"weight": "-odd", "negative_weights": "drop"},
            "specs",
            "the weight '-odd' is 0 or negative in every entry, and \"negative_weights\" drops those:",
        ),
        (
            {"weight": [0, 1], "balance": "classes"},
            "specs",
            "balance: the weights of class 1 sum up to 0",
        ),
        (
            {"weight": "odd", "validation": "odd == 0"},
            "train",
            "params.json: validation 'odd == 0' is true for no entry with a weight other than 0",
        ),
        (
            {"weight": "odd", "folds": 2, "fold_by": "event"},
            "train",
            "params.json: fold_by 'event': no entry with a weight other than 0 is in fold 0",
        ),
    ],
)
def test_weights_of_which_nothing_is_left_are_refused(dry_run, params, stage, says):
    answer = dry_run(**params)

    error = answer.json["error"]
    assert (answer.status_code, error["stage"], error["file"]) == (422, stage, "params.json")
    assert error["message"].startswith(says)
    assert error["hint"]
    assert error["branch"] == params.get("fold_by", params.get("validation", error["branch"]))


def test_a_class_that_weighs_nothing_is_warned_of(dry_run):
    told = dry_run(weight=[0, 1]).json["warnings"]

    assert [text.partition(":")[0] for text in told] == ["the weights of class 1 sum up to 0"]


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"weight": "0 * odd"}, ALL.format("0 * odd")),
        ({"weight": [0, 1]}, "the weights of class 1 sum up to 0"),
        ({"weight": "odd", "validation": "odd == 0"}, "is true for no entry with a weight other"),
    ],
)
def test_of_a_sample_all_this_is_a_warning(dry_run, params, says):
    answer = dry_run(entries=2500, **params)

    assert answer.status_code == 200, answer.text
    told = [text for text in answer.json["warnings"] if says in text]
    assert [text.startswith("of the first 4000 entries looked at: ") for text in told] == [True]


def test_usual_weights_are_not_worth_a_word(dry_run):
    for params in ({"weight": "1 + odd"}, {"weight": [3, 1], "balance": "classes"}):
        assert dry_run(**params).json["warnings"] == []
