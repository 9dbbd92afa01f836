"""The demo as a person runs it. `mlaas4hep run examples/jets` is in test_readme.py."""

import os
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
