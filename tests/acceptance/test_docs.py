"""What the guide shows is done here, block by block, on the laptop platform."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot

from tests.laptops import Laptop
from tests.manual import script

MODEL = """
import keras

def model(idim):
    net = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")])
    net.compile(loss="binary_crossentropy", metrics=["auc"])
    return net
"""


@pytest.fixture
def folder(tmp_path):
    """Return a working folder with a folder `luca` in it."""
    luca = tmp_path / "luca"
    luca.mkdir()
    for name, shift in (("signal.root", 1), ("background.root", 0)):
        values = np.random.default_rng(shift).normal(shift, 1, (2, 200)).astype(np.float32)
        with uproot.recreate(luca / name) as file:
            file["events"] = {
                "runNo": np.arange(200, dtype=np.int32),
                "pt": values[0],
                "eta": values[1],
            }
    texts = {
        "files.txt": "signal.root\nbackground.root\n",
        "labels.txt": "1\n0\n",
        "model.py": MODEL,
        "params.json": '{"branch": "events", "identifier": ["runNo"], "epochs": 2}',
    }
    for name, text in texts.items():
        (luca / name).write_text(text)
    return tmp_path


def test_every_block_of_the_guide_works(folder):
    with Laptop(folder / "state") as laptop:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script("workflow.md")],
            cwd=folder,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "WORKFLOW": laptop.urls[1],
                "TOKEN": laptop.token("luca"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Successfully uploaded!" in done.stdout
    assert "Folder deletion completed!" in done.stdout
    assert (folder / "scores.parquet").stat().st_size > 0
    predicted = json.loads((folder / "predictions.json").read_text())
    assert len(predicted["predictions"]) == 100
    assert predicted["identifiers"][7] == {"runNo": 7}
    assert (folder / "luca" / "model" / "contract.json").is_file()
