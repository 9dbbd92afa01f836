"""Somebody's program runs in the sandbox: it can train, and do nothing else."""

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from mlaas4hep.adapters.children.start import IDLE_SECONDS
from mlaas4hep.adapters.temporary import own_folder
from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.core.models.training import ModelBuilt
from mlaas4hep.core.requests.request import Params, Resources
from mlaas4hep.errors import PermanentError, ServiceUnavailableError
from tests.adapters.trainers.sandboxes import JOB, body, failure
from tests.laptop.smalldisk import small_disk

pytestmark = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="the extra `train` is not installed"
)
KERAS = replace(JOB, params=Params())
LINUX_6 = sys.platform == "linux" and int(os.uname().release.split(".")[0]) >= 6

PROBE = """
import json, os, socket, subprocess, sys, threading
import keras

def able(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True

def thread():
    started = threading.Thread(target=lambda: None)
    started.start()
    started.join()

def model(idim):
    parent = os.getppid()
    print(json.dumps({
        "environment": sorted(os.environ),
        "group": os.getpgid(0) == os.getpid(),
        "files": [n for n in os.listdir("/proc/self/fd") if int(n) > 2],
        "can": {
            "write here": able(lambda: open("mine", "w")),
            "start a thread": able(thread),
            "write elsewhere": able(lambda: open("OUTSIDE", "w")),
            "read elsewhere": able(lambda: open("OUTSIDE")),
            "read the parent's environment": able(lambda: open(f"/proc/{parent}/environ").read()),
            "open a socket": able(lambda: socket.socket()),
            "start a program": able(lambda: subprocess.run(["true"])),
            "fork": able(os.fork),
            "kill its parent": able(lambda: os.kill(parent, 0)),
            "link to elsewhere": able(lambda: os.link("OUTSIDE", "link")),
        },
    }))
    made = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(1)])
    made.compile("adam", "mse")
    return made
"""
SLEEPING = b"""
import os, time
def model(idim):
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not LINUX_6, reason="Landlock scopes need Linux 6.12")
def test_model_py_can_use_a_thread_and_its_folder_and_nothing_else(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("somebody else's")

    with Sandbox().start(KERAS, PROBE.replace("OUTSIDE", str(outside)).encode()) as training:
        report = training.report(60)
        output = training.log()

    # TensorFlow may say something before it and after it
    found = json.loads(next(line for line in output.splitlines() if line.startswith(b"{")))
    assert [what for what, can in found["can"].items() if can] == ["write here", "start a thread"]
    assert found["group"]
    assert len(found["files"]) <= 2  # the channel, and the listing itself
    assert not [name for name in found["environment"] if "MLAAS" in name]
    assert isinstance(report, ModelBuilt)
    assert b"cuInit" not in output  # TensorFlow looks for no GPU that nobody asked for
    assert {"landlock", "seccomp", "no capabilities", "rlimits"} <= set(report.isolation)


@pytest.mark.skipif(not LINUX_6, reason="older kernels do not count filters")
@pytest.mark.parametrize("seconds", [0, IDLE_SECONDS], ids=["fresh", "forked"])
def test_no_thread_was_there_before_the_process_was_confined(seconds):
    job = replace(JOB, resources=Resources(cpus=2))  # for which OpenBLAS starts a thread

    with Sandbox(prepared_seconds=seconds).start(job, SLEEPING) as training:
        threads = Path(f"/proc/{printed_pid(training)}/task").iterdir()
        filters = {_line(each / "status", "Seccomp_filters:") for each in threads}
        own = _line(Path("/proc/self/status"), "Seccomp_filters:")

    assert filters == {own + 1}


@pytest.mark.parametrize("seconds", [0, IDLE_SECONDS], ids=["fresh", "forked"])
def test_estimators_that_ask_joblib_for_threads_do_without(seconds):
    asks = body(
        "from sklearn.ensemble import HistGradientBoostingRegressor",
        "made = HistGradientBoostingRegressor(max_iter=1, min_samples_leaf=1)",
        "return made.fit([[0.0] * idim, [1.0] * idim], [0.0, 1.0])",
    )
    job = replace(JOB, resources=Resources(cpus=2))

    with Sandbox(prepared_seconds=seconds).start(job, asks) as training:
        assert isinstance(training.report(60), ModelBuilt)


def _line(path, name):
    (line,) = (each for each in path.read_text().splitlines() if each.startswith(name))
    return int(line.removeprefix(name))


def test_a_process_that_model_py_ends_is_told_so():
    error, _ = failure(body("import os", "os._exit(0)"))

    assert str(error) == "model.py ended the training process (exit code 0)"
    assert error.problem.hint


def test_a_loop_outside_of_python_is_stopped():
    sleep = body("import ctypes", "ctypes.PyDLL(None).sleep(100)")

    error, output = failure(sleep, build_seconds=1)

    assert str(error).startswith("model.py")
    assert str(error).endswith("did not end within 1 s")
    assert b'model.py", line 3' in output


def test_a_check_whose_alarm_model_py_turned_off_ends_all_the_same():
    sleeps = body(
        "import faulthandler, signal, time",
        "faulthandler.cancel_dump_traceback_later()",
        "signal.setitimer(signal.ITIMER_REAL, 0)",
        "time.sleep(600)",
    )

    with pytest.raises(PermanentError, match=r"^model\.py did not end within 8 s$") as caught:
        Sandbox(build_seconds=2, import_seconds=0).check(sleeps, JOB)

    assert caught.value.problem.file == "model.py"


def test_a_training_that_is_killed_from_outside_may_be_tried_again():
    with Sandbox().start(JOB, SLEEPING) as training:
        pid = printed_pid(training)
        os.kill(pid, signal.SIGKILL)

        with pytest.raises(ServiceUnavailableError, match="was killed from outside"):
            training.report(60)


def test_a_training_whose_disk_is_full_may_be_tried_again(tmp_path):
    program = body("open('x', 'wb').write(bytes(20 << 20))")
    with small_disk(tmp_path / "disk", 8) as disk, own_folder(disk) as temporary:
        before = set(temporary.iterdir())
        with pytest.raises(ServiceUnavailableError):
            failure(program)
        assert set(temporary.iterdir()) == before


def test_a_training_dies_with_its_function():
    script = (
        "from tests.adapters.trainers.test_sandbox import *\n"
        "with Sandbox().start(JOB, SLEEPING) as training:\n"
        "    print(printed_pid(training), flush=True)\n"
        "    training.report(60)\n"
    )
    root = Path(__file__).parents[3]
    function = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root
    )
    with function:
        child = os.pidfd_open(int(function.stdout.readline()))

        function.kill()

        ended, _, _ = select.select([child], [], [], 30)
        os.close(child)
        assert ended


def test_what_it_prints_cannot_speak_to_a_terminal():
    _, output = failure(body(r"print('\x1b[2J' + chr(0x202E))", "exit()"))

    assert rb"\x1b[2J\u202e" in output


def printed_pid(training):
    while not training.log().endswith(b"\n"):
        training.report(0.1)
    return int(training.log().split()[-1])
