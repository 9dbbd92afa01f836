"""What people get wrong and only a run can find: each fails soon, says why, and harms nobody else.

All runs go through the HTTP door, then all events are delivered at once: while some fail, the
good one must end well. What the door itself refuses is in tests/api.
"""

from dataclasses import replace

import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.sandbox import Sandbox
from mlaas4hep.local.inprocess import drain
from mlaas4hep.local.oneprocess import EVERYTHING
from tests.people import World

NET = """
import keras

def net(width, loss="binary_crossentropy", rate=0.001):
    layers = [keras.Input((width,)), keras.layers.Dense(1, activation="sigmoid")]
    network = keras.Sequential(layers)
    network.compile(optimizer=keras.optimizers.SGD(rate), loss=loss)
    return network
"""
GOOD = NET + "def model(idim):\n    return net(idim)\n"
PARAMS = '{"branch": "events", "identifier": ["runNo"], "epochs": 1, "batch_size": 20 %s}'
BOMB = "x = []\n    while True:\n        x.append(bytearray(10**7))"


def root_file(path, tree="events", **branches):
    with uproot.recreate(path) as file:
        file[tree] = {
            "runNo": np.arange(60, dtype=np.int32),
            "pt": np.linspace(0, 1, 60, dtype=np.float32),
            **branches,
        }
    return path.read_bytes()


def model(body, head=NET):
    return {"model.py": f"{head}\ndef model(idim):\n    {body}\n"}


def mistakes(good):
    """Return what is wrong by name: the files of the tarball that differ from the good ones."""
    return {
        "good": {},
        "not_root": {"a.root": b"this is no ROOT file" * 10},
        "empty": {"a.root": b""},
        "truncated": {"a.root": good[: len(good) // 2]},
        "no_tree": {"params.json": PARAMS.replace("events", "evnts") % ""},
        "branch_typo": {"params.json": PARAMS % ', "selected_branches": "ptt"'},
        "all_excluded": {"params.json": PARAMS % ', "exclude_branches": "*"'},
        "label_typo": {"labels.txt": "ptt"},
        "cut_typo": {"preproc.json": '{"flat_cut": {"ptt": {"cut": "ptt>1", "remove": "False"}}}'},
        "cuts_everything": {
            "preproc.json": '{"flat_cut": {"pt": {"cut": "pt>9", "remove": "False"}}}'
        },
        "divides_by_zero": {
            "preproc.json": '{"new_branch": {"r": {"def": "pt/(pt-pt)", "type": "flat",'
            ' "keys_to_remove": [], "remove": "False"}}}'
        },
        "raises": model("raise ValueError('no such layer')"),
        "cannot_import": model("return net(idim)", f"import pytorhc\n{NET}"),
        "returns_nothing": model("net(idim)"),
        "wrong_width": model("return net(idim + 1)"),
        "loops_for_ever": model("while True: pass"),
        "eats_memory": model(BOMB),
        "exits": model("import sys; sys.exit(0)"),
        "prints_megabytes": model("print('x' * 30_000_000); return net(idim)"),
        "loss_is_nan": model("return net(idim, 'mse', float('nan'))"),
    }


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Return every run as the door shows it after all events were delivered, and its log."""
    folder = tmp_path_factory.mktemp("bad")
    world = World(folder, max_runs=100)
    alice = world.person()
    good = root_file(folder / "a.root")
    files = {
        "files.txt": "a.root\nb.root\n",
        "labels.txt": "1\n0\n",
        "params.json": PARAMS % "",
        "preproc.json": "{}",
        "model.py": GOOD,
        "a.root": good,
        "b.root": root_file(folder / "b.root"),
    }
    for name, changed in mistakes(good).items():
        alice.upload({**files, **changed}, name=name)
        submission = {"name": name, "preproc": "preproc.json", "memory": "1200m"}
        response = alice.post("/submit", json=submission)
        assert response.status_code == 200, response.text
    impatient = Sandbox(build_seconds=10)
    drain(replace(world.services, trainer=impatient), EVERYTHING)
    return {
        name: (alice.get(f"/runs/{name}_1").json, alice.get(f"/logs?process_name={name}_1").text)
        for name in mistakes(good)
    }


def test_the_good_run_ends_well_among_the_others(outcomes):
    run, _ = outcomes["good"]

    assert (run["status"], run["problem"]) == ("done", None)


@pytest.mark.parametrize(
    ("name", "stage", "file", "words"),
    [
        ("not_root", "specs", "a.root", "not a ROOT file"),
        ("empty", "specs", "a.root", "a.root"),
        ("truncated", "specs", "a.root", "a.root"),
        ("no_tree", "specs", "a.root", "events"),
        ("branch_typo", "specs", "a.root", "ptt"),
        ("all_excluded", "specs", "", "no branch is left"),
        ("label_typo", "specs", "a.root", "ptt"),
        ("cut_typo", "specs", "a.root", "ptt"),
        ("cuts_everything", "specs", "preproc.json", "none of 120 entries"),
        ("raises", "train", "model.py", "no such layer"),
        ("cannot_import", "train", "model.py", "pytorhc"),
        ("returns_nothing", "train", "model.py", "model"),
        ("wrong_width", "train", "model.py", "2"),
        ("loops_for_ever", "train", "model.py", "10"),
        ("eats_memory", "train", "", "memory"),
        ("exits", "train", "model.py", "exit"),
        ("loss_is_nan", "train", "", "nan"),
    ],
)
def test_a_mistake_fails_the_run_with_stage_file_and_cause(outcomes, name, stage, file, words):
    run, log = outcomes[name]

    assert run["status"] == "failed"
    assert run["problem"]["stage"] == stage
    assert file in ("", run["problem"]["file"])
    assert words in run["problem"]["message"]
    assert run["problem"]["message"] in log


@pytest.mark.parametrize("name", ["no_tree", "branch_typo", "label_typo", "cut_typo"])
def test_a_typo_comes_with_what_is_near(outcomes, name):
    problem = outcomes[name][0]["problem"]

    assert "events" in problem["message"] or "'pt'" in problem["hint"]


def test_dividing_by_zero_gives_missing_values_and_a_model(outcomes):
    run, _ = outcomes["divides_by_zero"]

    assert run["status"] == "done"


def test_megabytes_of_output_are_shortened(outcomes):
    run, log = outcomes["prints_megabytes"]

    assert run["status"] == "done"
    assert len(log) < 2_000_000
