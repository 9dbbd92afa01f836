"""`python -m mlaas4hep.adapters.children.nursery`: a process that is prepared, and forks children.

It imports what children of one kind need, and nothing else: it has an empty environment, reads no
file of anybody, and never sees what a child is asked to do. For each packet on its socket, which
carries the end of another one (the child's *life*), it forks; the fork reads there what it is to
be. When the child has ended, its exit code is told there. When the other side of a life is closed,
its child is killed and forgotten; when that of all is, the process ends.
"""

import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

from mlaas4hep.adapters.children import request
from mlaas4hep.adapters.children.birth import be_born, open_descriptors
from mlaas4hep.adapters.children.imports import imported_for_good

_HANG_UP = 0  #: nothing to look for but that the other side is closed, which is always told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Child:
    pid: int
    life: socket.socket
    pidfd: int


class Nursery:
    """Forks when it is asked to, and watches over what it forked."""

    def __init__(self, control: socket.socket, idle_s: float) -> None:
        self._control = control
        self._idle_s = idle_s
        self._pid = os.getpid()
        os.close(os.pidfd_open(self._pid))  # where that is not allowed, nobody is to be born
        self._inherited = open_descriptors() - {control.fileno()}
        self._looked = select.poll()
        self._waiting: dict[int, Callable[[], None]] = {}  #: by descriptor
        self._running: set[int] = set()  #: process ids
        self._wait(control.fileno(), select.POLLIN, self._accept)

    def serve(self) -> None:
        """Fork until nobody can ask any more, or has asked for long, and no child lives."""
        while self._running or self._control.fileno() in self._waiting:
            ready = self._looked.poll(None if self._running else 1000 * self._idle_s)
            if not ready:
                return
            for descriptor, _ in ready:
                if descriptor in self._waiting:  # nothing before it in this round ended it
                    self._waiting[descriptor]()

    def _wait(self, descriptor: int, events: int, then: Callable[[], None]) -> None:
        self._looked.register(descriptor, events)
        self._waiting[descriptor] = then

    def _wait_no_more(self, descriptor: int) -> None:
        if self._waiting.pop(descriptor, None):
            self._looked.unregister(descriptor)

    def _accept(self) -> None:
        _, descriptors, _, _ = socket.recv_fds(self._control, 1, 1, socket.MSG_CMSG_CLOEXEC)
        if not descriptors:
            self._wait_no_more(self._control.fileno())
            return
        life = socket.socket(fileno=descriptors[0])
        try:
            pid = os.fork()
        except OSError:  # no memory: the other side sees the life closed
            life.close()
            return
        if pid == 0:
            be_born(life, self._pid, self._inherited)
        self._watch(_Child(pid=pid, life=life, pidfd=os.pidfd_open(pid)))

    def _watch(self, child: _Child) -> None:
        self._running.add(child.pid)
        self._wait(child.pidfd, select.POLLIN, lambda: self._tell(child))
        self._wait(child.life.fileno(), _HANG_UP, lambda: self._forget(child))

    def _tell(self, child: _Child) -> None:
        """Tell the exit code; the child stays a zombie, so that its number is nobody else's."""
        self._wait_no_more(child.pidfd)
        self._running.discard(child.pid)
        found = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert found is not None  # noqa: S101 - without WNOHANG there always is one
        code = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        with suppress(OSError):
            child.life.send(request.ended(code))

    def _forget(self, child: _Child) -> None:
        """Kill what is left of a child that nobody asks for any more."""
        self._wait_no_more(child.life.fileno())
        self._wait_no_more(child.pidfd)
        for kill in (os.killpg, os.kill):  # it may not have come to lead a group
            with suppress(ProcessLookupError):
                kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
        os.close(child.pidfd)
        child.life.close()
        self._running.discard(child.pid)


def main(arguments: list[str]) -> None:
    """Prepare, and serve.

    Args:
        arguments: socket descriptor, module, what it is to prepare, seconds without a child after
            which the process ends.
    """
    descriptor, module, what, idle_s = arguments
    control = socket.socket(fileno=int(descriptor))
    with imported_for_good():  # so children do not touch, and so not copy, what is here already
        import_module(module).prepare(what)
    Nursery(control, float(idle_s)).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
