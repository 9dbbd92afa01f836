"""The examples as a person runs them: the demo on the laptop platform, and `mlaas4hep run`."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    any(find_spec(package) is None for package in ("skhep_testdata", "tensorflow", "uvicorn")),
    reason="the extra `demo` is not installed",
)
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LONGEST_S = 300


def commands_with(text):
    """Return the command lines of running processes that mention `text`."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has just ended
            continue
    return [line for line in lines if text in line]


def test_the_demo_learns_predicts_and_stops_what_it_started(tmp_path):
    demo = subprocess.run(
        [sys.executable, EXAMPLES / "demo.py"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "held-out AUC 0." in demo.stdout
    assert "the network says 0." in demo.stdout
    assert list(tmp_path.iterdir()) == []
    assert commands_with(str(tmp_path)) == []


def test_jets_runs_in_one_process(tmp_path):
    folder = shutil.copytree(EXAMPLES / "jets", tmp_path / "jets")
    subprocess.run([sys.executable, folder / "get_data.py"], check=True, capture_output=True)

    run = subprocess.run(
        [sys.executable, "-m", "mlaas4hep.cli", "run", folder, "--json"],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["metrics"]["test_auc"] > 0.9
    assert json.loads((folder / "model" / "contract.json").read_text())["classes"] == [
        "background",
        "resonance",
    ]
