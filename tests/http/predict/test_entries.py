from dataclasses import replace

import pytest

from mlaas4hep.core.data.tree import BranchInfo
from mlaas4hep.core.models.bundle.gap import Gap
from tests.http.predict.conftest import CONTRACT

ENTRY = {"met": 180.0, "njets": 8, "Muon_pt": [70.0, 60.0], "ntrk": 5}


@pytest.fixture
def ask(world, alice):
    world.serve_trained()

    def ask(entries, path="/json"):
        return alice.post(path, json={"model": "luca_1", "entries": entries})

    return ask


@pytest.mark.parametrize("path", ["/json", "/predict/json", "/"])
def test_entries_are_normalised_ordered_and_predicted(ask, expected, path):
    answer = ask([ENTRY], path)

    assert answer.json() == {
        "model": "luca_1",
        "version": "v1",
        "predictions": pytest.approx(expected["expected"][1], abs=1e-6),
        "passed": [True],
        "outside": [[]],
        "truncated": [[]],
    }


def test_a_single_entry_may_come_without_a_list(ask, expected):
    assert ask(ENTRY).json()["predictions"] == pytest.approx(expected["expected"][1], abs=1e-6)


def test_short_and_missing_values_are_padding(ask):
    padded = ask([{**ENTRY, "met": None, "Muon_pt": []}]).json()["predictions"]
    zeros = ask([{**ENTRY, "met": 0.0, "Muon_pt": [0.0, None]}]).json()["predictions"]

    assert padded == zeros


def test_an_entry_that_is_cut_away_has_no_prediction(ask):
    answer = ask([ENTRY, {**ENTRY, "ntrk": 1}, ENTRY]).json()

    assert answer["passed"] == [True, False, True]
    assert answer["predictions"][1] is None
    assert answer["predictions"][0] == answer["predictions"][2] is not None


def test_all_entries_may_be_cut_away(ask):
    answer = ask([{**ENTRY, "ntrk": 1}]).json()

    assert (answer["predictions"], answer["passed"]) == ([None], [False])


def test_values_that_training_has_not_seen_are_flagged(ask):
    answer = ask([ENTRY, {**ENTRY, "met": 201, "Muon_pt": [-1.0]}]).json()

    assert answer["outside"] == [[], ["met", "Muon_pt"]]


def test_rows_longer_than_in_training_are_truncated_and_flagged(ask):
    answer = ask([{**ENTRY, "Muon_pt": [70.0, 60.0, 50.0]}, ENTRY]).json()

    assert answer["truncated"] == [["Muon_pt"], []]
    assert answer["predictions"][0] == answer["predictions"][1]


def test_identifiers_come_back(ask):
    answer = ask([{**ENTRY, "event": 4}, ENTRY]).json()

    assert answer["identifiers"] == [{"event": 4}, {}]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({**ENTRY, "Muon_Pt": [1.0]}, ["entry 1", "'Muon_Pt'", "did you mean 'Muon_pt'"]),
        ({"met": 1.0, "njets": 3, "Muon_pt": []}, ["entry 1 has no branch 'ntrk'"]),
        ({**ENTRY, "met": "high"}, ["entry 1", "'met'", "'high'", "not a number"]),
        ({**ENTRY, "met": [1.0]}, ["entry 1", "'met'", "[1.0]", "not a number"]),
        ({**ENTRY, "Muon_pt": 1.0}, ["entry 1", "'Muon_pt'", "not a list of numbers"]),
        ({**ENTRY, "Muon_pt": [1.0, "x"]}, ["entry 1", "'Muon_pt'", "'x'", "not a number"]),
        (3, ["entry 1 is 3, not an object"]),
    ],
)
def test_wrong_entries_are_refused_with_number_and_branch(ask, entry, words):
    answer = ask([ENTRY, entry])

    assert answer.status_code == 400
    assert all(word in answer.json()["error"] for word in words)


def as_branches(entries):
    return {name: [entry[name] for entry in entries] for name in entries[0]}


@pytest.mark.parametrize(
    "entries",
    [
        [ENTRY, {**ENTRY, "ntrk": 1}, ENTRY],
        [{**ENTRY, "met": 201, "event": 5}, {**ENTRY, "Muon_pt": [70.0, None, 50.0], "event": 4}],
        [{**ENTRY, "met": None, "Muon_pt": []}] * 40,
        [{**ENTRY, "ntrk": 1}],
    ],
)
def test_lists_by_branch_are_answered_as_the_same_entries(ask, alice, entries):
    answer = alice.post("/json", json={"model": "luca_1", "branches": as_branches(entries)})

    assert (answer.status_code, answer.json()) == (200, ask(entries).json())
    assert answer.headers.get("x-classes") == ask(entries).headers.get("x-classes")


@pytest.mark.parametrize(
    ("branches", "words"),
    [
        ({**as_branches([ENTRY]), "Muon_Pt": [[]]}, ["'Muon_Pt'", "did you mean 'Muon_pt'"]),
        ({"met": [1.0], "njets": [3], "Muon_pt": [[]]}, ["has no branch 'ntrk'"]),
        ({**as_branches([ENTRY, ENTRY]), "met": [1.0]}, ["'njets' has 2 entries", "'met' has 1"]),
        ({**as_branches([ENTRY]), "met": 1.0}, ["'met' is no list"]),
        ({**as_branches([ENTRY, ENTRY]), "met": [1.0, "x"]}, ["entry 1", "'met'", "not a number"]),
        ({**as_branches([ENTRY]), "Muon_pt": [1.0]}, ["'Muon_pt'", "not a list of numbers"]),
        ({"met": []}, ["no entry"]),
        ([ENTRY], ["an object of lists"]),
    ],
)
def test_wrong_lists_by_branch_are_refused_with_the_branch(world, alice, branches, words):
    world.serve_trained()
    answer = alice.post("/json", json={"model": "luca_1", "branches": branches})

    assert answer.status_code == 400
    assert all(word in answer.json()["error"] for word in words)


def test_entries_need_a_model_that_was_trained_here(world, alice):
    world.serve()

    answer = alice.post("/json", json={"model": "luca_1", "entries": [ENTRY]})

    assert answer.status_code == 400
    assert "not trained here" in answer.json()["error"]


@pytest.mark.parametrize("entries", [[], 3, "x"])
def test_a_list_of_entries_is_needed(ask, entries):
    assert ask(entries).status_code == 400


def test_class_names_come_with_the_scores(world, alice):
    contract = replace(CONTRACT, classes=("higgs", "qcd", "top"), task="multiclass")
    world.serve_trained(contract, folder="classes")

    answer = alice.post("/json", json={"model": "luca_1", "entries": [ENTRY]}).json()

    assert answer["classes"] == ["higgs", "qcd", "top"]
    assert len(answer["predictions"][0]) == 3


def test_odd_entries_are_counted_for_each_model(ask, alice):
    ask([ENTRY, {**ENTRY, "met": 201}, {**ENTRY, "ntrk": 0}])

    usage = alice.get("/status").json()["models"]["luca_1"]

    assert usage == {"requests": 1, "rows": 3, "outside": 1, "cut": 1}


@pytest.fixture
def may_lack(world, alice):
    """Ask a model that was trained with files which lacked `met` and a member of a collection."""
    rows = BranchInfo(name="Muon_pt", dtype="float32", jagged=True)
    met = BranchInfo(name="met", dtype="float32", jagged=False)
    gaps = (Gap(branch=rows), Gap(branch=met))
    world.serve_trained(contract=replace(CONTRACT, gaps=gaps))

    def ask(path, body):
        return alice.post(path, json=body)

    return ask


FULL = [{**ENTRY, "met": None, "Muon_pt": []}, ENTRY]
PARTS = [{"njets": 8, "ntrk": 5}, ENTRY]


@pytest.mark.parametrize(
    ("path", "body_of"),
    [
        ("/json", lambda entries: {"model": "luca_1", "entries": entries}),
        ("/predict/json", lambda entries: {"model": "luca_1", "entries": entries}),
    ],
    ids=["json", "predict/json"],
)
def test_entries_may_lack_what_files_of_the_training_lacked(may_lack, path, body_of):
    full, parts = (may_lack(path, body_of(entries)).json() for entries in (FULL, PARTS))

    assert "error" not in full
    assert parts == full


def test_branches_may_lack_what_files_of_the_training_lacked(may_lack):
    flat = {"njets": [8, 8], "ntrk": [5, 5]}
    full = {**flat, "met": [None, None], "Muon_pt": [[], []]}

    found, expected = (
        may_lack("/json", {"model": "luca_1", "branches": each}).json() for each in (flat, full)
    )

    assert "error" not in expected
    assert found == expected


def test_other_branches_may_not_be_lacking(may_lack):
    answer = may_lack("/json", {"model": "luca_1", "entries": [{"ntrk": 5}]})

    assert answer.status_code == 400
    assert "entry 0 has no branch 'njets'" in answer.json()["error"]
