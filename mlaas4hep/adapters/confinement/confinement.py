"""What a process gives up before it imports anything large: all that it can do without.

Each means is used where the kernel has it; the level reached is reported and stored with the run.
"""

import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import mlaas4hep
from mlaas4hep.adapters.confinement import landlock, levels, namespaces, seccomp
from mlaas4hep.adapters.confinement.limits import (
    LARGEST_FILE,
    limit,
    limit_addresses,
    limit_threads,
)

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITY_VERSION_3 = 0x20080522
_ENDED_FIRST = "1000"  #: of proc(5), oom_score_adj: the highest there is
_SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm",
    "/sys/devices/system",
    "/dev/urandom",
    "/dev/random",
)


def confine(
    *,
    work: Path,
    memory_bytes: int,
    parent: int,
    cpu_seconds: int = 0,
    demand: str = "any",
    is_watched: bool = False,
    file_bytes: int = LARGEST_FILE,
) -> tuple[str, ...]:
    """Give up all rights but reading the Python installation and using the folder `work`.

    Args:
        work: the only folder that can be used; the process stands in it.
        memory_bytes: of private memory.
        parent: the process without which this one must not go on.
        cpu_seconds: of all threads together, after which it is ended; 0: no limit.
        demand: one of `levels.DEMANDS`.
        is_watched: its parent looks at the memory and the files that limits do not count.
        file_bytes: the largest file that it may write in `work`; 0: it only reads there.

    Raises:
        ConfinementError: the kernel does not offer what is demanded.
    """
    _be_ended_first()
    spaces = namespaces.enter(work, writes=file_bytes > 0)
    _die_with(parent)
    tempfile.tempdir = str(work)  # it would try to write there, and imports of frameworks ask
    limit(memory_bytes, cpu_seconds, file_bytes)
    if not is_watched:
        limit_addresses(memory_bytes)
    if spaces:
        limit_threads()
    os.nice(5)
    means: list[tuple[str, Callable[[], object]]] = [
        ("no new privileges", lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1)),
        ("no capabilities", _drop_capabilities),
        ("landlock", lambda: _keep_to(work, writes=file_bytes > 0)),
        ("seccomp", seccomp.restrict),
    ]
    used = tuple(name for name, use in means if use())
    reached = ("own process group", "empty environment", "rlimits", *spaces, *used)
    levels.check(reached, demand)
    return reached


def hold(
    *, memory_bytes: int, parent: int, read: Iterable[Path], write: Iterable[Path] = ()
) -> tuple[str, ...]:
    """Keep a program of ours that strangers speak to from all but speaking to them.

    It may connect to servers over IP. It has no namespaces: the network is that of its parent.

    Args:
        memory_bytes: of private memory.
        parent: the process without which this one must not go on.
        read: the files that it may read beside the Python installation, such as credentials.
        write: the files that it may write, which are there.

    Returns:
        the means that the kernel has; each is in force.
    """
    _be_ended_first()
    _die_with(parent)
    limit(memory_bytes, 0)
    limit_addresses(memory_bytes)
    files = {"read": (*_readable(), *read), "write": (Path("/dev/null"), *write)}
    means: list[tuple[str, Callable[[], object]]] = [
        ("no new privileges", lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1)),
        ("no capabilities", _drop_capabilities),
        ("landlock", lambda: landlock.restrict(**files, asks=True)),
        ("seccomp", lambda: seccomp.restrict(asks=True)),
    ]
    return tuple(name for name, use in means if use())


def _be_ended_first() -> None:
    """Where memory ends, let the kernel end this process before the one that everybody needs."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_ENDED_FIRST, encoding="ascii")


def _keep_to(work: Path, *, writes: bool) -> int:
    nothing = Path("/dev/null")
    if writes:
        return landlock.restrict(read=_readable(), write=(work, nothing))
    return landlock.restrict(read=(*_readable(), work), write=(nothing,))


def _die_with(parent: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _drop_capabilities() -> bool:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    return bool(ctypes.CDLL(None).capset(ctypes.byref(header), ctypes.byref(none)) == 0)


def _readable() -> list[Path]:
    python = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    libraries = {path for path in sys.path if Path(path).name == "site-packages"}
    package = {str(Path(folder)) for folder in mlaas4hep.__path__}
    return [Path(path) for path in (*_SYSTEM, *sorted(python | libraries | package))]


def _prctl(option: int, value: int) -> bool:
    return bool(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) == 0)
