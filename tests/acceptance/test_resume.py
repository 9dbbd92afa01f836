"""Every part dies once while a training goes on, and then all of them at once: a power cut."""

import importlib.util
import io
import json
import os
import re
import signal
import tarfile

import numpy as np
import pytest
import uproot

from mlaas4hep.client import Client
from mlaas4hep.core.runs.run import Status
from tests.laptops import Laptop

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="a model is trained with TensorFlow"
)

ENTRIES = 1500
MODEL = """
import keras

def model(idim):
    layers = [keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")]
    made = keras.Sequential(layers)
    made.compile(optimizer="sgd", loss="binary_crossentropy")
    return made
"""
EPOCHS = 60
HASTE = "haste"  #: a file in the folder of a training
PARAMS = {"chunk_size": 300, "epochs": EPOCHS, "batch_size": 10, "training": "chunked"}
ROUNDS = 5 * EPOCHS


def slow(pause_s):
    """Return a model.py with rounds that take so long at least, until somebody hastens it."""
    return f"""{MODEL}
import time
from pathlib import Path

class Pause(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if not Path("{HASTE}").exists():
            time.sleep({pause_s})

callbacks = [Pause()]
"""


def hasten(temporary):
    """Let the trainings go on as fast as they can."""
    folders = [path.parent for path in temporary.rglob("model.py")]
    assert folders
    for folder in folders:
        (folder / HASTE).touch()


@pytest.fixture
def temporary(tmp_path):
    """Return where a platform's trainings have their folders."""
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def tarball_of(folder, model):
    folder.mkdir()
    random = np.random.default_rng(7)
    y = random.integers(0, 2, ENTRIES).astype(np.int32)
    with uproot.recreate(folder / "data.root") as file:
        file["Events"] = {
            "pt": (random.normal(size=ENTRIES) + y).astype(np.float32),
            "eta": random.normal(size=ENTRIES).astype(np.float32),
            "signal": y,
        }
    (folder / "files.txt").write_text("data.root\n")
    (folder / "labels.txt").write_text("signal\n")
    (folder / "model.py").write_text(model)
    (folder / "params.json").write_text(json.dumps(PARAMS))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    return packed.getvalue()


def client_of(laptop):
    return Client(f"{laptop.urls[0]}/function/workflow", laptop.token("alice"))


def rounds_done(report):
    return next(stage.done for stage in report.stages if stage.stage == "train")


def taken_up(client, run):
    """Return how many rounds the training had done when it went on the last time."""
    return int(re.search(r"it went on from a checkpoint with (\d+)", client.logs(run))[1])


def test_a_run_survives_the_death_of_every_part_and_then_of_the_whole_platform(tmp_path, temporary):
    tarball = tarball_of(tmp_path / "job", slow(0.3))
    with Laptop(tmp_path / "state", TMPDIR=str(temporary)) as laptop, client_of(laptop) as client:
        client.upload(tarball, name="job")
        run = client.submit("job").name
        seen = 10  # rounds of which some are in a checkpoint
        for victim in ("train", "nats", "workflow", "dispatcher"):
            report = next(each for each in client.watch(run) if rounds_done(each) > seen)
            seen = rounds_done(report)
            assert seen < ROUNDS, f"all was trained before {victim} could die"
            os.kill(laptop.pids[victim], signal.SIGKILL)
        report = next(each for each in client.watch(run) if rounds_done(each) > seen + 10)
        first = taken_up(client, run)
        laptop.kill()
    assert (report.status, report.attempt) == (Status.TRAINING, 1)
    assert rounds_done(report) < ROUNDS

    with Laptop(tmp_path / "state", TMPDIR=str(temporary)) as laptop, client_of(laptop) as client:
        kept = client.run(run)
        next(each for each in client.watch(run) if rounds_done(each) > rounds_done(kept))
        hasten(temporary)
        report = client.wait(run)
        answer = client.predict(run, entries=[{"pt": 1.0, "eta": 0.0}])
        second = taken_up(client, run)

    assert (kept.attempt, kept.status) == (1, Status.TRAINING)
    assert rounds_done(kept) > seen
    assert (report.status, report.attempt, rounds_done(report)) == (Status.DONE, 1, ROUNDS)
    assert 0 < first < second  # rounds that the dead had stored; one checkpoint a second
    assert len(answer["predictions"]) == 1
