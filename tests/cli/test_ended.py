"""A local run that is told to end: what it leaves, and how it goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

#: Whoever runs these tests in the background, or by nohup, has signals ignored; children inherit that.
HEARING = ("env", "--default-signal")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_that_is_told_to_end_leaves_nothing(folder, tmp_path, number):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (folder / "model.py").write_text(SLOW)
    with subprocess.Popen(
        [*HEARING, sys.executable, "-m", "mlaas4hep.cli", "run", folder],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
    ) as run:
        wait_for((folder / ".model.unfinished" / "runs").is_dir)
        run.send_signal(number)
        said = run.communicate(timeout=60)[1]

    assert run.returncode == 128 + number
    assert said in (b"", b"stopped with 0 of ? rounds done; the same command begins anew\n")
    assert list(temporary.iterdir()) == []
    assert not (folder / ".model.unfinished").exists()


def test_a_run_that_was_ended_goes_on_when_the_command_is_repeated(cli, folder):
    params = json.loads((folder / "params.json").read_text()) | {"training": "chunked"}
    (folder / "params.json").write_text(json.dumps(params | {"epochs": 15}))
    (folder / "model.py").write_text((folder / "model.py").read_text() + UNHURRIED)
    kept = folder / ".model.unfinished"
    with subprocess.Popen(
        [sys.executable, "-m", "mlaas4hep.cli", "run", folder], stderr=subprocess.PIPE, text=True
    ) as run:
        wait_for(lambda: any(kept.glob("runs/*/*/checkpoint.json")))
        run.send_signal(signal.SIGTERM)
        said = run.communicate(timeout=60)[1]

    again = cli("run", folder)

    assert "the same command goes on from there" in said
    assert again.code == 0, again.err
    assert "it went on from a checkpoint" in again.out
    assert not kept.exists()


def wait_for(so, timeout_s=180):
    end = time.monotonic() + timeout_s
    while not so():
        assert time.monotonic() < end
        time.sleep(0.02)


UNHURRIED = """
class Pause(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch < 30:
            __import__("time").sleep(0.1)


callbacks = [Pause()]
"""
SLOW = """
import time

def model(idim):
    time.sleep(60)
"""
