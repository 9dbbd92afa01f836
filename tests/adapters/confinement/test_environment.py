"""What a process of an empty environment does that nobody asked for."""

import subprocess
import sys

import pytest

from mlaas4hep.adapters.confinement.environment import bare_environment


def test_onnx_runtime_makes_no_name_of_this_machine_to_be_told_by(tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    command = [sys.executable, "-c", "import onnxruntime"]

    done = subprocess.run(
        command, env=bare_environment(tmp_path), capture_output=True, text=True, check=True
    )

    assert list(tmp_path.iterdir()) == []
    assert "telemetry" not in done.stderr
