"""Children are forks of a prepared process, and nobody notices."""

import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlaas4hep.adapters.children import start as module
from mlaas4hep.adapters.children.forked import release
from mlaas4hep.adapters.children.prepared import NotBornError, PreparedProcess
from mlaas4hep.adapters.children.request import NOWHERE, ChildRequest, Program
from mlaas4hep.adapters.children.start import IDLE_SECONDS, prepare, start
from mlaas4hep.adapters.confinement.environment import bare_environment
from tests.laptops import descendants

ROOT = Path(__file__).parents[3]
NAME = "tests.adapters.children.program"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pidfd and /proc are Linux's")


def environment(folder):
    return {**bare_environment(folder), "PYTHONPATH": str(ROOT)}


@contextmanager
def child(folder, *arguments, prepares="something", idle_s=IDLE_SECONDS, start=start):
    """Give a child, and our end of its socket."""
    ours, theirs = socket.socketpair()
    ours.settimeout(60)
    with ours:
        with theirs:
            wanted = ChildRequest(
                program=Program(module=NAME, prepares=prepares),
                folder=folder,
                environment=environment,
                descriptor=theirs.fileno(),
                arguments=arguments,
                has_output=True,
            )
            made = start(wanted, idle_s)
        with made.stdout:
            yield made, ours
            made.kill()
            made.wait()


def told(folder, *arguments, **options):
    with child(folder, *arguments, **options) as (made, end):
        text = b"".join(iter(lambda: end.recv(1024**2), b""))
        assert made.wait(60) == 0, made.stdout.read()
    return json.loads(text)


def code_of(folder, *arguments, **options):
    """Return how a child ends, and what it prints."""
    with child(folder, *arguments, **options) as (made, _):
        code = made.wait(60)
        assert made.poll() == code
        return code, made.stdout.read()


@pytest.fixture(params=[IDLE_SECONDS, 0], ids=["forked", "fresh"])
def idle_s(request):
    return request.param


def test_it_has_its_own_folder_environment_group_and_nothing_else_open(tmp_path, idle_s):
    found = told(tmp_path, "tell", "a", "b", idle_s=idle_s)

    assert found.pop("parent")
    prepared = found.pop("prepared")
    assert bool(prepared) == (idle_s > 0)
    assert found == {
        "words": ["a", "b"],
        "folder": str(tmp_path),
        "environment": environment(tmp_path),
        "leads its group": True,
        "descriptors": 4,  # 0, 1, 2 and the one that it was given
    }


def test_garbage_is_looked_for_in_what_a_child_makes_and_not_in_what_was_imported_for_it(tmp_path):
    while_prepared, in_child, keeps = told(tmp_path, "collector")

    assert not while_prepared
    assert in_child
    assert keeps


@pytest.mark.parametrize(
    ("deed", "word", "code"), [("exit", 3, 3), ("raise", "why", 1), ("kill", "", -signal.SIGKILL)]
)
def test_its_end_and_its_last_words_are_known(tmp_path, idle_s, deed, word, code):
    ended, output = code_of(tmp_path, deed, word, idle_s=idle_s)

    assert ended == code
    assert (b"ValueError: why" in output) == (deed == "raise")


def test_it_does_not_end_with_the_thread_that_asked_for_it(tmp_path, idle_s):
    """Linux takes the thread that started a child for its parent, and confined ones end with that."""

    found, has_begun = queue.SimpleQueue(), threading.Event()

    def begin(wanted, idle_s):
        found.put(start(wanted, idle_s))
        has_begun.wait()

    def in_a_thread(*how):
        thread.append(threading.Thread(target=begin, args=how))
        thread[0].start()
        return found.get()

    thread = []
    with child(tmp_path, "stay", idle_s=idle_s, start=in_a_thread) as (_, end):
        assert end.recv(1) == b"?"
        has_begun.set()
        thread[0].join()
        while Path(f"/proc/self/task/{thread[0].native_id}").exists():
            time.sleep(0.001)
        end.sendall(b"!")

        assert json.loads(end.recv(100)) == "!"


def test_it_lives_as_long_as_it_is_wanted(tmp_path, idle_s):
    with child(tmp_path, "wait", idle_s=idle_s) as (made, _):
        assert made.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            made.wait(0.01)

        made.kill()

        assert made.wait(60) == -signal.SIGKILL


def test_nothing_of_one_child_is_left_for_the_next(tmp_path):
    words, sought = "only the first child's own words", "the first child's[ ]own"

    assert told(tmp_path, "tell", words)["words"] == [words]

    assert not told(tmp_path, "search", sought)
    assert told(tmp_path, "search", sought, words)  # its own it finds


def test_children_at_the_same_time_hold_nothing_of_each_other(tmp_path):
    with child(tmp_path, "wait"), child(tmp_path, "wait"):
        assert told(tmp_path, "tell")["descriptors"] == 4


def test_a_prepared_process_that_was_killed_is_replaced(tmp_path):
    before = told(tmp_path, "tell")["parent"]
    with child(tmp_path, "wait") as (made, _):
        os.kill(before, signal.SIGKILL)

        assert made.wait(60) == -signal.SIGKILL

    after = told(tmp_path, "tell")["parent"]
    assert after not in {before, os.getpid()}


def test_what_cannot_be_prepared_runs_in_a_fresh_process(tmp_path):
    found = told(tmp_path, "tell", prepares="impossible")

    assert (found["parent"], found["prepared"]) == (os.getpid(), [])


def test_one_that_gives_no_answer_gives_no_child(tmp_path):
    made = []

    def stopped(wanted, idle_s):
        made.append(PreparedProcess(wanted, idle_s, ready_s=0.5))
        os.kill(made[0].pid, signal.SIGSTOP)
        return made[0].fork(wanted)

    with pytest.raises(NotBornError), child(tmp_path, "tell", start=stopped):
        pass
    made[0].end()


def test_one_without_anything_to_do_ends(tmp_path):
    options = {"prepares": "for a moment", "idle_s": 0.01}
    with child(tmp_path, "wait", **options) as (made, _):
        parent = os.pidfd_open(parent_of(made.pid))

    assert ended(parent)
    assert told(tmp_path, "tell", **options)["prepared"]


def test_only_some_are_kept_at_once(tmp_path):
    with child(tmp_path, "wait", prepares="kind 0") as (made, _):
        first = os.pidfd_open(parent_of(made.pid))

    for number in range(1, module.MOST + 1):
        told(tmp_path, "tell", prepares=f"kind {number}")

    assert ended(first)


def test_all_die_with_the_process_that_wanted_them(tmp_path):
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.adapters.children.test_start import child\n"
        "with child(Path(sys.argv[1]), 'wait') as (made, _):\n"
        "    print(made.pid, flush=True)\n"
        "    made.wait()\n"
    )
    ours = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with ours:
        pid = int(ours.stdout.readline())
        assert parent_of(pid) != ours.pid
        watched = [os.pidfd_open(pid), os.pidfd_open(parent_of(pid))]

        ours.kill()

        assert all(map(ended, watched))


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def ended(pidfd):
    """Tell whether a process ends within a minute."""
    ready, _, _ = select.select([pidfd], [], [], 60)
    os.close(pidfd)
    return bool(ready)


def test_a_child_that_is_released_is_no_zombie_though_somebody_still_knows_it(tmp_path, idle_s):
    with child(tmp_path, "tell", idle_s=idle_s) as (made, _):
        release(made)

        end = time.monotonic() + 120
        while Path(f"/proc/{made.pid}").exists():  # the prepared process is told by its socket
            assert time.monotonic() < end
        assert (made.poll(), made.wait()) == (0, 0)
        release(made)


def test_what_is_prepared_ahead_is_what_children_are_forked_from(tmp_path):
    wanted = ChildRequest(
        program=Program(module=NAME, prepares="this"),
        folder=NOWHERE,
        environment=environment,
        descriptor=-1,
    )
    before = descendants(os.getpid())
    prepare(wanted)
    (ahead,) = descendants(os.getpid()) - before

    assert told(tmp_path, "tell", prepares="this")["parent"] == ahead
