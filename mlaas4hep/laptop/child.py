"""One program that the supervisor keeps running."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import cast

from mlaas4hep.adapters.confinement.prctl import die_with_parent
from mlaas4hep.core.backoff import backoff_s
from mlaas4hep.laptop.logs import FunctionLog
from mlaas4hep.laptop.state import kill_group

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0  #: after this long a program counts as healthy and its pause starts anew
_LINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]


Told = Callable[["Child"], None]


def _ignore(_child: "Child") -> None:
    return


class Child:
    """Runs a program in a process group of its own, again and again until it is stopped."""

    def __init__(
        self, program: Program, log: FunctionLog, on_start: Told = _ignore, on_end: Told = _ignore
    ) -> None:
        """Start nothing yet; the last two are called whenever the program starts and ends."""
        self.program = program
        self.ends = 0  #: how often it ended without being asked to
        self.log = log
        self._on_start = on_start
        self._on_end = on_end
        self._process: _Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        process = self._running
        return process.pid if process else None

    @property
    def instance(self) -> str:
        """What the log calls the process that runs now; empty: none does."""
        process = self._running
        return process.instance if process else ""

    @property
    def _running(self) -> "_Process | None":
        process = self._process
        return process if process and not process.ended.is_set() else None

    async def start(self) -> None:
        """Start the program and keep it running from here on."""
        self._process = await self._spawn()
        self._on_start(self)
        self._task = asyncio.create_task(self._keep(self._process))

    async def stop(self, grace_s: float) -> None:
        """Ask the program to end, and kill it and its children when it has not after a while."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.end(grace_s)

    async def end(self, grace_s: float) -> None:
        """Ask the program to end, or kill it after a while; then it starts again."""
        if self._process:
            await self._process.end(grace_s)

    async def _keep(self, process: "_Process") -> None:
        failures = 0  #: one after the other
        while True:
            started = time.monotonic()
            await process.ended.wait()
            process.clear_up()
            self.ends += 1
            self._on_end(self)
            if time.monotonic() - started > STEADY_S:
                failures = 0
            pause = backoff_s(failures, first_s=FIRST_PAUSE_S, longest_s=LONGEST_PAUSE_S)
            self.log.write(
                "supervisor", f"ended with code {process.code}; starts again in {pause:.1f} s"
            )
            await asyncio.sleep(pause)
            failures += 1
            self._process = process = await self._spawn()
            self._on_start(self)

    async def _spawn(self) -> "_Process":
        loop = asyncio.get_running_loop()
        _, process = await loop.subprocess_exec(
            partial(_Process, self.name, self.log),
            *self.program.argv,
            env=dict(self.program.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        return process


class _Process(asyncio.SubprocessProtocol):
    """One life of the program; its output goes to the log line by line."""

    def __init__(self, name: str, log: FunctionLog) -> None:
        self.ended = asyncio.Event()
        self.code: int | None = None
        self.pid = 0
        self._name = name
        self._log = log
        self._rest = b""

    @property
    def instance(self) -> str:
        """What the log calls it."""
        return f"{self._name}-{self.pid}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the process; asyncio calls this before any other method."""
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self.pid = self._transport.get_pid()

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """Write the lines that are complete, and parts of lines that are far too long."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._log.write(self.instance, line.decode(errors="replace").rstrip("\r"))

    def process_exited(self) -> None:
        """Tell those who wait; grandchildren may still hold the pipe."""
        self.code = self._transport.get_returncode()
        if self._rest:
            self.pipe_data_received(1, b"\n")
        self.ended.set()

    async def end(self, grace_s: float) -> None:
        """Return when the process and all in its group are gone."""
        if not self.ended.is_set():
            self._transport.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), grace_s)
            kill_group(self.pid)
            await self.ended.wait()
        self.clear_up()

    def clear_up(self) -> None:
        """Kill what it left in its group, and close its pipe."""
        kill_group(self.pid)
        self._transport.close()
