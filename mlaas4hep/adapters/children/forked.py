"""A child that a prepared process forked, with the face of a `subprocess.Popen`."""

import os
import select
import signal
import socket
import subprocess
import time
import weakref
from contextlib import suppress
from typing import IO, Protocol

from mlaas4hep.adapters.children import request

_REPORT_S = 5.0  #: within which the prepared process tells the end of a child that we see dead


class Child(Protocol):
    """A process of ours; what `subprocess.Popen` does, as far as anybody needs it."""

    @property
    def pid(self) -> int:
        """The process id, and that of its group; nobody else's as long as this object lives."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """What it prints, if that was asked for."""

    def poll(self) -> int | None:
        """Return the exit code, or minus the signal that ended it; None: it lives."""

    def wait(self, timeout: float | None = None) -> int:
        """Return what `poll` does once it has ended; subprocess.TimeoutExpired: not in time."""

    def kill(self) -> None:
        """End it."""


class ForkedChild:
    """See `Child`. The prepared process reaps it when it is released or this object is gone."""

    def __init__(self, pid: int, life: socket.socket, stdout: IO[bytes] | None) -> None:
        self.pid = pid
        self.stdout = stdout
        self._life = life
        self._pidfd = os.pidfd_open(pid)
        self._close = weakref.finalize(self, _close, life, self._pidfd)
        self._ended: int | None = None  #: exit code, when it is released

    def poll(self) -> int | None:
        """Return the exit code, if it has ended."""
        if self._ended is not None:
            return self._ended
        return self._code() if _is_readable(0, self._life.fileno()) else None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, if it ends in time.

        Raises:
            subprocess.TimeoutExpired: it does not.
        """
        if self._ended is not None:
            return self._ended
        started_at = time.monotonic()
        if not _is_readable(timeout, self._life.fileno(), self._pidfd):
            raise subprocess.TimeoutExpired(str(self.pid), time.monotonic() - started_at)
        if not _is_readable(_REPORT_S, self._life.fileno()):
            return -signal.SIGKILL  # the prepared process is stopped, or worse
        return self._code()

    def kill(self) -> None:
        """End it."""
        if self._ended is not None:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def release(self) -> None:
        """Wait for its end, and give its number back."""
        self._ended = self.wait()
        self._close()

    def _code(self) -> int:
        """Return what was told; looked at and left there, for every thread that asks.

        If nothing was, the prepared process is dead, and the kernel killed this one with it.
        """
        with suppress(ConnectionResetError):
            if answer := self._life.recv(request.ANSWER_BYTES, socket.MSG_PEEK):
                return request.number(answer, of_birth=False)
        return -signal.SIGKILL


def release(child: Child) -> None:
    """Give the number of a child back that has ended, or is about to."""
    if isinstance(child, ForkedChild):
        child.release()
    else:
        child.wait()


def _is_readable(timeout_s: float | None, *descriptors: int) -> bool:
    looked = select.poll()
    for each in descriptors:
        looked.register(each, select.POLLIN)
    return bool(looked.poll(None if timeout_s is None else 1000 * timeout_s))


def _close(life: socket.socket, pidfd: int) -> None:
    life.close()
    os.close(pidfd)
