"""A power cut in the middle of a training, and every part dying once while it goes on."""

import importlib.util
import io
import json
import os
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


def test_a_killed_platform_resumes_its_runs_when_it_is_started_again(tmp_path, temporary):
    tarball = tarball_of(tmp_path / "job", slow(0.06))
    with Laptop(tmp_path / "state") as laptop, client_of(laptop) as client:
        client.upload(tarball, name="job")
        run = client.submit("job").name
        for report in client.watch(run):
            if rounds_done(report) >= EPOCHS:
                break
        laptop.kill()
    assert report.status is Status.TRAINING
    assert rounds_done(report) < ROUNDS

    with Laptop(tmp_path / "state", TMPDIR=str(temporary)) as laptop, client_of(laptop) as client:
        kept = client.run(run)
        next(each for each in client.watch(run) if rounds_done(each) > rounds_done(kept))
        hasten(temporary)
        report = client.wait(run)
        answer = client.predict(run, entries=[{"pt": 1.0, "eta": 0.0}])
        log = client.logs(run)

    assert (kept.attempt, kept.status) == (1, Status.TRAINING)
    assert rounds_done(kept) >= EPOCHS
    assert (report.status, rounds_done(report)) == (Status.DONE, ROUNDS)
    assert "it went on from a checkpoint with" in log
    assert len(answer["predictions"]) == 1


def test_a_run_survives_the_death_of_every_part_that_it_needs(tmp_path, temporary):
    tarball = tarball_of(tmp_path / "job", slow(0.3))
    with Laptop(tmp_path / "state", TMPDIR=str(temporary)) as laptop, client_of(laptop) as client:
        client.upload(tarball, name="job")
        run = client.submit("job").name
        seen = 0
        for victim in ("train", "nats", "workflow", "dispatcher"):
            report = next(each for each in client.watch(run) if rounds_done(each) > seen)
            seen = rounds_done(report)
            assert seen < ROUNDS, f"all was trained before {victim} could die"
            os.kill(laptop.pids[victim], signal.SIGKILL)
        hasten(temporary)
        report = client.wait(run)

    assert (report.status, report.attempt, rounds_done(report)) == (Status.DONE, 1, ROUNDS)
