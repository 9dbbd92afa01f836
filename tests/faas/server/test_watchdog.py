"""How a function ends, whose watchdog ends with it or does not."""

import os
import subprocess
import sys

import pytest

ENDS = """
import sys
from mlaas4hep.faas.server.watchdog import exit_code
print("up", flush=True)
print(exit_code(is_well=sys.argv[1] == "well", told_s=float(sys.argv[2])), flush=True)
"""
#: Starts the other one, and lives on.
PARENT = """
import signal, subprocess, sys
subprocess.Popen([sys.executable, "-c", *sys.argv[1:]])
signal.pause()
"""


@pytest.mark.parametrize(
    ("watchdog", "told_s", "well", "outlives", "code"),
    [
        ("python index.py", 0.1, "well", True, 1),
        ("python index.py", 60, "well", False, 0),
        ("", 60, "well", True, 0),
        ("python index.py", 60, "ill", True, 1),
    ],
    ids=["it is not told", "it is told", "there is none", "the function failed"],
)
def test_a_function_ends_with_1_if_its_watchdog_lives_on(watchdog, told_s, well, outlives, code):
    env = {**os.environ, **({"fprocess": watchdog} if watchdog else {})}
    command = [sys.executable, "-c", PARENT, ENDS, well, str(told_s)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "up\n"
        if not outlives:
            parent.kill()
        said = parent.stdout.readline()
        parent.kill()

    assert said == f"{code}\n"
