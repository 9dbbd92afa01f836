"""What a command of this machine leaves behind when it is killed, and how it ends when it is told to."""

import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.oneprocess.run import finish
from mlaas4hep.settings import Settings

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


class InterruptedRunBook:
    """A run book of somebody who presses Ctrl-C just while a lock of it is taken."""

    def __init__(self, runs):
        self._runs = runs
        self.reads = []

    def __getattr__(self, name):
        return getattr(self._runs, name)

    def hear(self, listener):
        listener("a", "luca_1")
        return self._runs.hear(listener)

    def get(self, owner, name):
        self.reads.append("taken")
        if len(self.reads) == 1:
            signal.raise_signal(signal.SIGINT)
        self.reads.append("given back")
        return self._runs.get(owner, name)


@pytest.fixture
def _interruptible():
    """Raise KeyboardInterrupt as at a terminal: who starts tests in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_a_lock_is_given_back_before_an_interruption_ends_the_run():
    services = bootstrap.services(Settings())
    run = Run(owner="a", name="luca_1", folder="luca", number=1, created_at=0, updated_at=0)
    services.runs.create(run)
    runs = InterruptedRunBook(services.runs)
    stopped = []

    with pytest.raises(KeyboardInterrupt):
        finish(run, {}, replace(services, runs=runs), lambda _run: None, stopped.append)

    assert runs.reads[:2] == ["taken", "given back"]
    assert [each.status for each in stopped] == [Status.CANCELLED]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
