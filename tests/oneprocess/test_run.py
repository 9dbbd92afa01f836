"""What a command of this machine leaves behind when it is killed."""

import subprocess
import sys

import pytest

_DIES = """
import os, tempfile
from pathlib import Path
from mlaas4hep.oneprocess import run as oneprocess

with oneprocess.services(Path(os.environ["WORK"]) if "WORK" in os.environ else None) as services:
    services.specs.put("o/x", b"")
    tempfile.mkdtemp(prefix="mlaas-reading-")
    os.kill(os.getpid(), 9)
"""
_NEXT = """
import os
from mlaas4hep.oneprocess import run as oneprocess

with oneprocess.services():
    print(*os.listdir(os.environ["TMPDIR"]))
"""


@pytest.mark.parametrize("keeps", [True, False])
def test_the_next_command_removes_what_a_killed_one_left(tmp_path, keeps):
    temporary, work = tmp_path / "tmp", tmp_path / "work"
    temporary.mkdir()
    work.mkdir()
    environment = {"TMPDIR": str(temporary), **({"WORK": str(work)} if keeps else {})}
    subprocess.run([sys.executable, "-c", _DIES], env=environment, check=False)
    (left,) = temporary.iterdir()

    after = subprocess.run(
        [sys.executable, "-c", _NEXT], env=environment, check=True, capture_output=True, text=True
    )

    assert left.name not in after.stdout
    assert list(temporary.iterdir()) == []
    assert any(work.rglob("x*")) is keeps
