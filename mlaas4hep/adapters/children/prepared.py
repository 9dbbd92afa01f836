"""A prepared process as we see it: started once, asked for children."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

from mlaas4hep.adapters.children import request
from mlaas4hep.adapters.children.forked import ForkedChild
from mlaas4hep.adapters.children.request import NOWHERE, ChildRequest

_MODULE = "mlaas4hep.adapters.children.nursery"
READY_S = 60.0  #: within which a child must have been born; imports take some seconds


class NotBornError(Exception):
    """The prepared process gave no child: it is dead, or hangs, or there is no memory."""


class PreparedProcess:
    """One prepared process; it ends with this process, and when it has had nothing to do."""

    def __init__(self, wanted: ChildRequest, idle_s: float, *, ready_s: float = READY_S) -> None:
        """Start what forks children like `wanted`."""
        self._ready_s = ready_s
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = wanted.program
        arguments = (theirs.fileno(), program.module, program.prepares, idle_s)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", _MODULE, *map(str, arguments)],
                cwd="/",
                env=dict(wanted.environment(NOWHERE)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        threading.Thread(target=self._process.wait, daemon=True).start()  # no zombie, ever

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Tell whether it is gone."""
        return self._process.poll() is not None

    def fork(self, wanted: ChildRequest) -> ForkedChild:
        """Return a new child.

        Raises:
            NotBornError: there is none, and this prepared process had better not be used again.
        """
        life, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe() if wanted.has_output else (-1, -1)
        output = os.fdopen(reading, "rb", buffering=0) if wanted.has_output else None
        try:
            with theirs:
                request.send(life, wanted, writing)
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            return ForkedChild(_pid(life, self._ready_s), life, output)
        except (OSError, ValueError) as error:
            _give_up(life, output)
            raise NotBornError(str(error)) from error
        finally:
            if wanted.has_output:
                os.close(writing)

    def retire(self) -> None:
        """Ask for no more children: the process ends when its last child has ended."""
        self._control.close()

    def end(self) -> None:
        """Kill it, and with it its children."""
        self._control.close()
        self._process.kill()
        self._process.wait()


def _pid(life: socket.socket, ready_s: float) -> int:
    """Return the process id of a child that was asked for; OSError or ValueError: there is none."""
    life.settimeout(ready_s)
    answer = life.recv(request.ANSWER_BYTES)
    life.settimeout(None)
    return request.number(answer, of_birth=True)


def _give_up(life: socket.socket, output: IO[bytes] | None) -> None:
    life.close()
    if output is not None:
        with suppress(OSError):
            output.close()
