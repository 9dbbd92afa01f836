"""A command that failed or was stopped ends, whatever its threads wait for."""

import subprocess
import sys

WAITS = """
import atexit, threading
from concurrent.futures import ThreadPoolExecutor
from mlaas4hep.cli.terminal.ending import end_at_once

waiting = threading.Event()
ThreadPoolExecutor(1).submit(lambda: (waiting.set(), threading.Event().wait()))
waiting.wait()
atexit.register(print, "cleared up", end="")
end_at_once(130)
"""


def test_a_command_ends_cleared_up_while_a_thread_waits_for_a_silent_server():
    done = subprocess.run(
        [sys.executable, "-c", WAITS], capture_output=True, text=True, timeout=120, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "cleared up", "")
