"""Somebody's program runs in the sandbox: it can train, and do nothing else."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from mlaas4hep.adapters.children.start import IDLE_SECONDS
from mlaas4hep.adapters.trainers.fulldisk import unless_full
from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.core.models.training import ModelBuilt, TrainingJob
from mlaas4hep.core.requests.request import Params, Resources
from mlaas4hep.errors import PermanentError, ServiceUnavailableError
from tests.laptop.smalldisk import fill, small_disk

pytestmark = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="the extra `train` is not installed"
)

QUICK = Params(framework="sklearn")  # imported in a third of the time that Keras takes
JOB = TrainingJob(name="luca_1", params=QUICK, columns=3, chunks=1)
KERAS = replace(JOB, params=Params())
FULL = "[Errno 28] No space left on device"
WRONG = PermanentError("model.py, line 3: ValueError: no", stage="train", file="model.py")
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


def failure(model_py, job=JOB, **settings):
    """Return the error that a model.py ends with, and what it printed."""
    with Sandbox(**settings).start(job, model_py) as training:
        try:
            while True:
                training.report(60)
        except PermanentError as error:
            return error, training.log()


def body(*lines):
    return "\n    ".join(("def model(idim):", *lines)).encode()


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


TABLES = """
import ctypes, mmap
def model(idim):
    size = 1 << 42
    mapped = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
    mapped.madvise(mmap.MADV_NOHUGEPAGE)
    for start in range(0, size, 1 << 21):
        mapped[start]
"""


def test_memory_in_tables_of_pages_counts():
    job = replace(JOB, resources=Resources(memory_bytes=1024**3))

    error, _ = failure(TABLES.encode(), job)

    assert str(error) == "the training used more than memory=1gb"


def test_memory_that_is_eaten_ends_the_training():
    job = replace(JOB, resources=Resources(memory_bytes=1024**3))

    error, _ = failure(body("eaten = [bytes(10**8) + b'.' for _ in range(100)]"), job)

    assert "memory" in str(error)
    assert error.problem.hint


def test_megabytes_of_output_are_cut():
    error, output = failure(body("print('x' * 20_000_000)", "raise ValueError('the end')"))

    assert str(error) == "model.py, line 3: ValueError: the end"
    assert len(output) < 1_100_000
    assert b"bytes of output left out" in output
    assert b"ValueError: the end" in output


def test_a_training_that_is_killed_from_outside_may_be_tried_again():
    with Sandbox().start(JOB, SLEEPING) as training:
        pid = printed_pid(training)
        os.kill(pid, signal.SIGKILL)

        with pytest.raises(ServiceUnavailableError, match="was killed from outside"):
            training.report(60)


def test_a_training_whose_disk_is_full_may_be_tried_again(tmp_path, monkeypatch):
    program = body("open('x', 'wb').write(bytes(20 << 20))")
    with small_disk(tmp_path / "disk", 8) as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(ServiceUnavailableError):
            failure(program)
        assert not list(disk.iterdir())


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


def test_too_little_memory_is_refused_before_anything_starts():
    job = replace(JOB, resources=Resources(memory_bytes=10**8))

    with pytest.raises(PermanentError, match="memory is 95 MB, but training needs 768 MB"):
        Sandbox().check(b"", job)


MAPPED = """
import mmap, os, time

def hidden(name):
    file = open(name, "w+b")
    file.truncate(4096)
    mapped = mmap.mmap(file.fileno(), 4096)
    os.unlink(name)
    for number in os.listdir("/proc/self/fd"):  # mapped holds one, too
        if os.path.lexists(there := f"/proc/self/fd/{number}"):
            if os.readlink(there).endswith("(deleted)"):
                os.close(int(number))
    return mapped
"""
HIDING = {
    "mapped files without names": ("exec(MAPPED, globals())", "kept = [hidden('a'), hidden('b')]"),
    "folders without bottom": ("import os", "os.makedirs('/'.join(['d'] * 100))"),
    "too many files": ("for n in range(10_500): open(str(n), 'w').close()",),
}


@pytest.mark.parametrize("lines", HIDING.values(), ids=HIDING)
def test_files_that_are_hidden_end_the_training(lines):
    error, _ = failure(
        f"MAPPED = {MAPPED!r}\n".encode() + body(*lines, "import time", "time.sleep(60)")
    )

    assert str(error) == "the training wrote more than 7gb of files"
    assert error.problem.file == "model.py"


def test_thousands_of_threads_end_the_training():
    started = (
        "import threading, time",
        "threading.stack_size(65536)",
        "for _ in range(6000): threading.Thread(target=time.sleep, args=(60,)).start()",
    )

    error, _ = failure(body(*started))

    assert "thread" in str(error)  # the kernel's limit, or ours


def test_what_it_prints_cannot_speak_to_a_terminal():
    _, output = failure(body(r"print('\x1b[2J' + chr(0x202E))", "exit()"))

    assert rb"\x1b[2J\u202e" in output


def printed_pid(training):
    while not training.log().endswith(b"\n"):
        training.report(0.1)
    return int(training.log().split()[-1])


def test_a_training_that_fails_with_room_on_the_disk_has_failed(tmp_path):
    assert unless_full(WRONG, tmp_path) is WRONG


def test_whatever_a_training_says_on_a_full_disk_it_may_be_tried_again(tmp_path):
    with small_disk(tmp_path / "disk", 4) as disk:
        fill(disk)
        told = unless_full(WRONG, disk)

    assert isinstance(told, ServiceUnavailableError)
    assert "ValueError: no" in told.problem.message


@pytest.mark.parametrize(("file", "again"), [("", True), ("model.py", False)])
def test_a_disk_that_was_full_a_moment_ago_is_believed_unless_model_py_says_so(
    tmp_path, file, again
):
    error = PermanentError(f"training: OSError: {FULL}", stage="train", file=file)

    assert isinstance(unless_full(error, tmp_path), ServiceUnavailableError) == again
