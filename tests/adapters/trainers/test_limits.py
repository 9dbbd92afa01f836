"""A training that takes more memory, files, threads or words than it may ends."""

from dataclasses import replace
from importlib.util import find_spec

import pytest

from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.core.requests.request import Resources
from mlaas4hep.errors import PermanentError
from tests.adapters.trainers.sandboxes import JOB, body, failure

pytestmark = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="the extra `train` is not installed"
)

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
LARGE, MANY = "wrote more than 7gb of files", "made too many files, or folders too deep"
HIDING = {
    "mapped files without names": (
        LARGE,
        ("exec(MAPPED, globals())", "kept = [hidden('a'), hidden('b')]"),
    ),
    "folders without bottom": (MANY, ("import os", "os.makedirs('/'.join(['d'] * 100))")),
    "too many files": (MANY, ("for n in range(10_500): open(str(n), 'w').close()",)),
}


@pytest.mark.parametrize(("what", "lines"), HIDING.values(), ids=HIDING)
def test_files_that_are_hidden_end_the_training(what, lines):
    error, _ = failure(
        f"MAPPED = {MAPPED!r}\n".encode() + body(*lines, "import time", "time.sleep(60)")
    )

    assert str(error) == f"the training {what}"
    assert error.problem.file == "model.py"


def test_thousands_of_threads_end_the_training():
    started = (
        "import threading, time",
        "threading.stack_size(65536)",
        "for _ in range(6000): threading.Thread(target=time.sleep, args=(60,)).start()",
    )

    error, _ = failure(body(*started))

    assert "thread" in str(error)  # the kernel's limit, or ours
