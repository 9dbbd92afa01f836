"""What a process gives up before it imports anything large: all that it can do without.

Each means is used where the kernel has it; the level reached is reported and stored with the run.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import mlaas4hep
from mlaas4hep.adapters.confinement import landlock, levels, namespaces, seccomp
from mlaas4hep.adapters.confinement.limits import limit, limit_threads

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITY_VERSION_3 = 0x20080522
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
    "/dev/zero",
)


def confine(
    *, work: Path, memory_bytes: int, parent: int, cpu_seconds: int = 0, demand: str = "any"
) -> tuple[str, ...]:
    """Give up all rights but reading the Python installation and writing below `work`.

    Args:
        work: the only folder that can be written; the process stands in it.
        memory_bytes: of private memory.
        parent: the process without which this one must not go on.
        cpu_seconds: of all threads together, after which it is ended; 0: no limit.
        demand: one of `levels.DEMANDS`.

    Raises:
        ConfinementError: the kernel does not offer what is demanded.
    """
    spaces = namespaces.enter(work)
    _die_with(parent)
    limit(memory_bytes, cpu_seconds)
    if spaces:
        limit_threads()
    os.nice(5)
    means: list[tuple[str, Callable[[], object]]] = [
        ("no new privileges", lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1)),
        ("no capabilities", _drop_capabilities),
        ("landlock", lambda: landlock.restrict(read=_readable(), write=(work, Path("/dev/null")))),
        ("seccomp", seccomp.restrict),
    ]
    used = tuple(name for name, use in means if use())
    reached = ("own process group", "empty environment", "rlimits", *spaces, *used)
    levels.check(reached, demand)
    return reached


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
