"""The temporary folder of a process, and those of processes that were killed."""

import subprocess
import sys
import tempfile

from mlaas4hep.adapters.temporary import own_folder

_DIES = """
import os, sys, tempfile
from pathlib import Path
from mlaas4hep.adapters.temporary import own_folder

with own_folder(Path(sys.argv[1])):
    tempfile.mkdtemp(prefix="mlaas-model-")
    os.kill(os.getpid(), 9)
"""


def test_what_a_process_makes_lies_in_a_folder_of_its_own(tmp_path):
    with own_folder(tmp_path) as folder:
        made = tempfile.mkdtemp()

    assert made.startswith(str(folder))
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_starts_removes_what_a_killed_one_left(tmp_path):
    subprocess.run([sys.executable, "-c", _DIES, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()

    with own_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]

    assert not left.exists()


def test_a_folder_of_a_living_process_stays(tmp_path):
    with own_folder(tmp_path) as first, own_folder(tmp_path) as second:
        assert sorted(tmp_path.iterdir()) == sorted((first, second))
