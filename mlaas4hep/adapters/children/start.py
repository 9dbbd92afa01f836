"""Starting a child: a fork of a prepared process where that can be, else a fresh process."""

import atexit
import logging
import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from mlaas4hep.adapters.children.forked import Child
from mlaas4hep.adapters.children.prepared import NotBornError, PreparedProcess
from mlaas4hep.adapters.children.request import NOWHERE, ChildRequest

log = logging.getLogger(__name__)

IDLE_SECONDS = 300  #: without children, after which a prepared process ends
MOST = 4  #: prepared processes at once
_AGAIN_S = 600.0  #: after which one that could not be prepared is tried again

_Kind = tuple[object, ...]


def start(wanted: ChildRequest, idle_s: float = IDLE_SECONDS) -> Child:
    """Start a child.

    Args:
        wanted: what it is to be.
        idle_s: how long a process that is prepared for the next one waits for it; 0: there is none.
    """
    forked = _nurseries(os.getpid()).child(wanted, idle_s) if _can_fork(wanted, idle_s) else None
    return forked or _fresh(wanted)


def prepare(wanted: ChildRequest, idle_s: float = IDLE_SECONDS) -> None:
    """Begin to prepare the process whose fork `start` will return for children like this one."""
    if _can_fork(wanted, idle_s):
        _nurseries(os.getpid()).prepare(wanted, idle_s)


def _can_fork(wanted: ChildRequest, idle_s: float) -> bool:
    return idle_s > 0 and bool(wanted.program.prepares) and hasattr(os, "pidfd_open")


class _Nurseries:
    """The prepared processes of this process, the one that was asked last behind all others."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._retired: list[PreparedProcess] = []
        # no LRUCache: what makes room for another one is retired, not just forgotten
        self._kept: OrderedDict[_Kind, PreparedProcess] = OrderedDict()
        self._failed: dict[_Kind, float] = {}

    def child(self, wanted: ChildRequest, idle_s: float) -> Child | None:
        """Return a new child, or None if nothing can be forked."""
        kind = _kind(wanted)
        for _ in range(2):  # the one that is kept may have died
            prepared = self._prepared(kind, wanted, idle_s)
            if prepared is None:
                return None
            try:
                return prepared.fork(wanted)
            except NotBornError as error:
                log.info("prepared process %d gave no child: %s", prepared.pid, error)
                self._drop(kind, prepared)
        self._failed[kind] = time.monotonic()
        log.warning("%s: children are fresh processes for a while", wanted.program)
        return None

    def prepare(self, wanted: ChildRequest, idle_s: float) -> None:
        """Start what will fork children like `wanted`, unless it is there."""
        self._prepared(_kind(wanted), wanted, idle_s)

    def end(self) -> None:
        """End all, unless they are those of the process that this one was forked from."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            for each in (*self._kept.values(), *self._retired):
                each.end()
            self._kept.clear()
            self._retired.clear()

    def _prepared(self, kind: _Kind, wanted: ChildRequest, idle_s: float) -> PreparedProcess | None:
        with self._lock:
            if time.monotonic() - self._failed.get(kind, -_AGAIN_S) < _AGAIN_S:
                return None
            found = self._kept.pop(kind, None)
            if found is None or found.has_ended:
                if found is not None:
                    self._retire(found)
                found = PreparedProcess(wanted, idle_s)
            self._kept[kind] = found
            while len(self._kept) > MOST:
                self._retire(self._kept.popitem(last=False)[1])
            return found

    def _drop(self, kind: _Kind, prepared: PreparedProcess) -> None:
        """Forget a prepared process; others may have children of it, which live on if they can."""
        with self._lock:
            if self._kept.get(kind) is prepared:
                del self._kept[kind]
                self._retire(prepared)

    def _retire(self, prepared: PreparedProcess) -> None:
        prepared.retire()
        self._retired = [each for each in (*self._retired, prepared) if not each.has_ended]


def _kind(wanted: ChildRequest) -> _Kind:
    """Return what children of the same prepared process have in common."""
    return wanted.program, tuple(sorted(wanted.environment(NOWHERE).items()))


@cache
def _nurseries(_pid: int) -> _Nurseries:
    """Return the nurseries of a process; a process that was forked from it has none of them."""
    made = _Nurseries()
    atexit.register(made.end)
    return made


def _fresh(wanted: ChildRequest) -> "subprocess.Popen[bytes]":
    """Start a process from a thread that stays.

    A confined child ends with its parent, and Linux takes the thread that started it for that: from
    a thread with an end of its own, a model would be served no longer than its loading took.
    """
    return _starter(os.getpid()).submit(_started, wanted).result()


@cache
def _starter(_pid: int) -> ThreadPoolExecutor:
    """Return the thread of a process that starts others; it lives as long as the process."""
    return ThreadPoolExecutor(1, thread_name_prefix="children")


def _started(wanted: ChildRequest) -> "subprocess.Popen[bytes]":
    output = subprocess.PIPE if wanted.has_output else subprocess.DEVNULL
    arguments = (wanted.descriptor, os.getpid(), *wanted.arguments)
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", wanted.program.module, *map(str, arguments)],
        cwd=wanted.folder,
        env=dict(wanted.environment(wanted.folder)),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=(wanted.descriptor,),
        start_new_session=True,
        bufsize=0,
    )
