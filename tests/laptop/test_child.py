import asyncio
import os
import select
import signal
import sys

import pytest

from mlaas4hep.laptop.child import Child, Program
from mlaas4hep.laptop.logs import FunctionLog
from tests.laptops import alive, descendants

WAIT = "print('up', flush=True); import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAIT
PARENT = (
    "import subprocess, sys; "
    f"subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); "
    "import signal; signal.pause()"
)


class Watched:
    """A child and the moments of its life, to be awaited."""

    def __init__(self, folder, code, **env):
        self.log = FunctionLog(folder / "child.log")
        self.lives: asyncio.Queue[str] = asyncio.Queue()
        program = Program(
            name="child", argv=(sys.executable, "-c", code), env={**os.environ, **env}
        )
        self.child = Child(
            program,
            self.log,
            lambda _: self.lives.put_nowait("started"),
            lambda _: self.lives.put_nowait("ended"),
        )

    async def said(self, text):
        async with asyncio.timeout(20):
            async for line in self.log.follow():
                if text in line.text:
                    return line
        raise AssertionError("a log that is followed never ends")

    async def moments(self, count):
        async with asyncio.timeout(20):
            return [await self.lives.get() for _ in range(count)]


def has_ended(pid):
    """Wait for the end of a process that was killed; the kernel may take its time."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 10)[0])
    finally:
        os.close(process)


@pytest.fixture
def watch(tmp_path):
    return lambda code, **env: Watched(tmp_path, code, **env)


def test_what_it_prints_is_logged_with_its_process_id(watch):
    async def scene():
        watched = watch("import sys; print('out'); print('err', file=sys.stderr); input()")
        await watched.child.start()
        pid = watched.child.pid
        await watched.said("ended")
        await watched.child.stop(5)
        return pid, {line.text: line.instance for line in watched.log.lines()}

    pid, lines = asyncio.run(scene())
    assert (lines["out"], lines["err"]) == (f"child-{pid}", f"child-{pid}")


def test_a_line_without_an_end_is_logged_in_parts(watch):
    async def scene():
        watched = watch("print('x' * 200_000, flush=True); print('end', end='', flush=True)")
        await watched.child.start()
        await watched.said("end")
        await watched.child.stop(5)
        return watched.log.lines()

    lines = asyncio.run(scene())
    assert sum(line.text.count("x") for line in lines) >= 200_000


def test_a_program_that_ends_is_started_again(watch):
    async def scene():
        watched = watch(WAIT)
        await watched.child.start()
        first = watched.child.pid
        os.kill(first, signal.SIGKILL)
        moments = await watched.moments(3)
        second = watched.child.pid
        await watched.child.stop(5)
        return first, second, moments

    first, second, moments = asyncio.run(scene())
    assert moments == ["started", "ended", "started"]
    assert first != second
    assert not alive(second)


def test_stopping_is_no_crash(watch):
    async def scene():
        watched = watch(WAIT)
        await watched.child.start()
        await watched.said("up")
        pid = watched.child.pid
        await watched.child.stop(10)
        return pid, watched

    pid, watched = asyncio.run(scene())
    assert not alive(pid)
    assert (watched.child.pid, watched.child.ends) == (None, 0)


@pytest.mark.parametrize("code", [STUBBORN, PARENT])
def test_who_does_not_end_in_time_is_killed_with_all_its_children(watch, code):
    async def scene():
        watched = watch(code)
        await watched.child.start()
        await watched.said("up")
        family = descendants(watched.child.pid)
        await watched.child.stop(0.2)
        return family

    family = asyncio.run(scene())
    assert [pid for pid in family if not has_ended(pid)] == []


def test_it_gets_the_environment_of_its_program_and_no_other(watch):
    async def scene():
        watched = watch("import os; print(os.environ['MLAAS_PORT'], flush=True)", MLAAS_PORT="7")
        await watched.child.start()
        line = await watched.said("7")
        await watched.child.stop(5)
        return line.text

    assert asyncio.run(scene()) == "7"
