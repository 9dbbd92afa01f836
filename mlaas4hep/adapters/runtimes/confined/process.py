"""One child process with a socket to it."""

import math
import resource
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mlaas4hep.adapters.children import start
from mlaas4hep.adapters.children.forked import release
from mlaas4hep.adapters.children.request import NOWHERE, ChildRequest, Program
from mlaas4hep.adapters.confinement.environment import bare_environment
from mlaas4hep.adapters.runtimes.confined.processortime import OwnTime, used_seconds

_MODULE = "mlaas4hep.adapters.runtimes.confined.child"
_PREPARED = ("tensorflow", "rehearsal")  #: engines that take seconds to import, or start often
_PROCESSORS = 4  #: that a batch may keep busy for all of its time
_ENDS_S = 2.0  #: until a process whose socket is closed is gone
_FAULTS = (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL)
_RENEWED_S = 1.0  #: seconds between two looks at what was used
_LONGEST = 8  #: times its own time that an answer may take where others have the processors
_LOOK_S = 0.1  #: between two looks at what it has had


class StarvedError(Exception):
    """Others had the processors: it is no fault of the model that it said nothing."""


def program_of(engine: str) -> Program:
    """Return the program that runs models of an engine."""
    return Program(module=_MODULE, prepares=engine if engine in _PREPARED else "")


def prepare(engine: str, prepared_s: float) -> None:
    """Begin to prepare what forks processes of an engine; see `children.start.prepare`."""
    wanted = ChildRequest(
        program=program_of(engine), folder=NOWHERE, environment=_environment, descriptor=-1
    )
    start.prepare(wanted, prepared_s)


class Process:
    """A child that has a model's folder as its world."""

    def __init__(
        self, folder: Path, program: Program, arguments: Sequence[object], prepared_s: float
    ) -> None:
        """Start `program` in a folder; see `children.start.start`."""
        self.end_point, theirs = socket.socketpair()
        with theirs:
            wanted = ChildRequest(
                program=program,
                folder=folder,
                environment=_environment,
                descriptor=theirs.fileno(),
                arguments=arguments,
            )
            self._child = start.start(wanted, prepared_s)
        self._own = OwnTime(self.pid)
        self._renewed_at = -math.inf
        self._killing = threading.Lock()
        self._is_over = False

    def renew(self, seconds: float) -> None:
        """Allow processor time for one more batch of so many seconds; the kernel ends the rest.

        So a graph that goes on after its answer, or between two batches, comes to its end.
        """
        now = time.monotonic()
        if now - self._renewed_at < _RENEWED_S or self.has_ended:
            return
        self._renewed_at = now
        most = int(used_seconds(self.pid) + _PROCESSORS * (seconds + _RENEWED_S))
        with suppress(ProcessLookupError):  # it ended: the exchange will say so
            resource.prlimit(self.pid, resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))

    def wait(self, seconds: float) -> None:
        """Return when the process says something.

        Raises:
            TimeoutError: it said nothing, and has had so many seconds of its own.
            StarvedError: it has not had them, in several times as many.
        """
        told = select.poll()  # not `select`: predict may have more than a thousand descriptors
        told.register(self.end_point, select.POLLIN)
        self._own = own = OwnTime(self.pid)
        left_s = seconds
        while not told.poll(max(left_s, _LOOK_S) * 1000):
            left_s = seconds - own.seconds
            if left_s <= 0:
                raise TimeoutError
            if own.took_seconds >= _LONGEST * seconds:
                raise StarvedError

    def has_had(self, seconds: float) -> bool:
        """Tell whether it has had so much time of its own for what it does now."""
        return self._own.seconds >= seconds

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._child.pid

    @property
    def has_ended(self) -> bool:
        """Tell whether the process is gone."""
        return self._child.poll() is not None

    def has_crashed(self) -> bool:
        """Tell whether it ended by a fault of its own; nobody and no limit ended it."""
        try:
            return self._child.wait(_ENDS_S) in _FAULTS
        except subprocess.TimeoutExpired:
            return False

    def kill(self) -> None:
        """Kill it, from any thread; whoever waits for its answer finds out."""
        with self._killing:
            if not self._is_over:  # else its number may be that of another one
                self._child.kill()

    def end(self) -> None:
        """Kill it, and forget it."""
        self.end_point.close()
        with self._killing:
            self._is_over = True
            self._child.kill()
            release(self._child)


def _environment(folder: Path) -> dict[str, str]:
    """Return all that the child knows of the world."""
    return {
        **bare_environment(folder),
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait give their core to others
        "MALLOC_ARENA_MAX": "2",
    }
