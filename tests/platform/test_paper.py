"""The two lines of the paper, typed as they stand there, with a token of the real issuer."""

import json
import subprocess

import pytest

from tests.platform.outside import PLACE


@pytest.fixture(scope="module")
def run(alice, remote_job, tmp_path_factory):
    """Return what the paper's first line says, once the run has ended."""
    folder = tmp_path_factory.mktemp("paper")
    alice.forget("paper")
    alice.upload("paper", remote_job())
    submission = {
        "name": "paper", "device": "cpu", "memory": "3gb", "cpus": "2", "files": "files.txt",
        "labels": "labels.txt", "model": "model.py", "params": "params.json",
        "preproc": "preproc.json",
    }  # fmt: skip
    (folder / "submit.json").write_text(json.dumps(submission))
    said = curl(alice, folder, "4433/submit", "-X", "POST", "-d", "@submit.json")
    alice.wait(json.loads(said)["process_name"])
    yield json.loads(said)["process_name"]
    alice.forget("paper")


def curl(person, folder, address, *more):
    port, _, path = address.partition("/")
    door = {"4433": "workflow", "8081": "predict"}[port]
    url = f"https://localhost:{PLACE.ports[door]}/{path}"
    command = ["curl", "-sS", "-L", "-k", "-H", f"Authorization: Bearer {person.token}"]
    headers = ["-H", "Content-Type: application/json"]
    done = subprocess.run(
        [*command, *headers, *more, url], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_submission_is_trained(run):
    assert run.startswith("paper_")


def test_a_background_entry_is_predicted(run, alice, tmp_path):
    keys = alice.predict("GET", f"/models/{run}").json()["columns"]
    body = {"keys": keys, "values": [0.1] * len(keys), "model": run}
    (tmp_path / "predict_bkg.json").write_text(json.dumps(body))

    said = json.loads(curl(alice, tmp_path, "8081/json", "-X", "POST", "-d", "@predict_bkg.json"))

    (probability,) = said if isinstance(said[0], float) else said[0]
    assert 0.0 <= probability <= 1.0
