"""Dry runs: how long it would take, and what nobody knows before."""

import json
from dataclasses import replace

import numpy as np
import pytest
import uproot

from mlaas4hep.core.runs.pace import Pace
from mlaas4hep.core.runs.progress import Progress
from mlaas4hep.core.runs.run import Status
from tests.people import FOLDER, World

QUICK = """
from sklearn.ensemble import RandomForestClassifier

def model():
    return RandomForestClassifier()
"""


@pytest.fixture
def files(tmp_path):
    """Return the files of a tarball with two ROOT files of 100 entries, half of which pass."""
    for name in ("a.root", "b.root"):
        with uproot.recreate(tmp_path / name) as file:
            values = np.arange(100, dtype=np.float32)
            file["events"] = {"pt": values, "eta": values}
    return {
        **FOLDER,
        "files.txt": "a.root\nb.root",
        "model.py": QUICK,
        "params.json": '{"branch": "events", "chunk_size": 60}',
        "preproc.json": '{"flat_cut": {"pt": {"cut": "pt>=50", "remove": "False"}}}',
        **{name: (tmp_path / name).read_bytes() for name in ("a.root", "b.root")},
    }


class Ticking(World):
    """Whoever looks at its clock finds it half a second later than the last time."""

    _looks = 0

    @property
    def now(self):
        self._looks += 1
        return 1000.0 + self._looks / 2

    @now.setter
    def now(self, at):
        pass


@pytest.fixture
def ticking(tmp_path):
    return Ticking(tmp_path / "ticking")


def end(runs, owner, name):
    """End a run: its ten rounds over 50 entries (100 are selected now) took two seconds in fives."""
    pace = Pace(first_done=1, first_at=0.0, last_done=6, last_at=2.0)
    known = {"selected": 50, "rounds": Progress(total=10), "pace": pace}
    ended = replace(runs.get(owner, name), status=Status.DONE, **known)
    runs.delete(owner, name)
    runs.create(ended)


def test_it_says_how_long_reading_takes_and_what_it_cannot_know(ticking, files):
    alice = ticking.person("alice")
    alice.upload(files)
    time = alice.post("/runs?dry_run=1", json={"name": "luca"}).json["time"]

    # 100 entries are read in half a second, 200 twice; 50 rows are made in as much, of 100 entries
    assert time["reading"] == {"low": 1.5, "high": 14.0}
    assert (time["measured_entries"], time["training"]) == (100, None)
    assert time["not_included"][0].startswith("the training: no run of this model.py")


@pytest.mark.parametrize(("epochs", "training"), [(10, (4.0, 34.0)), (20, (8.0, 66.0))])
def test_the_pace_of_an_earlier_run_of_the_same_model_tells_of_the_training(
    ticking, files, epochs, training
):
    alice, runs = ticking.person("alice"), ticking.services.runs
    alice.upload(files)
    name = alice.post("/runs", json={"name": "luca"}).json["name"]
    end(runs, alice.owner, name)
    params = json.loads(files["params.json"]) | {"epochs": epochs}
    alice.upload(files | {"params.json": json.dumps(params)})
    time = alice.post("/runs?dry_run=1", json={"name": "luca"}).json["time"]

    assert (time["training"]["low"], time["training"]["high"]) == training
    assert len(time["not_included"]) == 1


def test_a_training_of_another_model_tells_nothing(ticking, files):
    alice, runs = ticking.person("alice"), ticking.services.runs
    alice.upload(files | {"model.py": QUICK + "  # another"})
    name = alice.post("/runs", json={"name": "luca"}).json["name"]
    end(runs, alice.owner, name)
    alice.upload(files)

    assert alice.post("/runs?dry_run=1", json={"name": "luca"}).json["time"]["training"] is None


def test_what_could_not_be_measured_is_not_told(alice, files):
    alice.upload(files)  # their clock stands still

    assert alice.post("/runs?dry_run=1", json={"name": "luca"}).json["time"] is None
