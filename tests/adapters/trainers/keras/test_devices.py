"""Keras on several devices, which are parts of the processor here.

TensorFlow must be told of them before it starts, so that a process of their own does it all.
"""

import json
import subprocess
import sys

import pytest

LONGEST_S = 300
PROGRAM = "tests.adapters.trainers.keras.twodevices"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return figures and weights of trainings on one device and on two, and the log."""
    pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("devices")
    told = folder / "found.json"
    done = subprocess.run(
        [sys.executable, "-m", PROGRAM, folder / "model.py", told],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(told.read_text()), done.stdout


def close(expected):
    return pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_two_devices_learn_what_one_learns_and_figures_count_each_entry_once(found):
    one, two = found[0]["one"], found[0]["two"]

    assert two["weights"] == close(one["weights"])
    assert two["test"] == close(one["test"])
    assert two["learned"]["loss"] == pytest.approx(one["learned"]["loss"], rel=0.02)
    assert "2 devices train, and each takes a part of every batch" in found[1]


def test_a_training_on_two_devices_goes_on_with_the_same_bits(found):
    assert found[0]["resumed"] == found[0]["two"]


def test_a_model_with_a_step_of_its_own_trains_on_one_device_and_the_log_says_so(found):
    assert found[0]["own on two"]["weights"] == found[0]["own on one"]["weights"]
    assert "one device trains: the model has a train_step of its own" in found[1]
