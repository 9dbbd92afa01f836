"""How much memory a process of a function may take: less than there is, so that it cannot be killed.

Where a container takes more than its limit, the kernel kills it with all calls in it. With this
limit the one call fails that asks for too much, such as for the content of a made-up file.

The kernel counts what a process may write to, used or not. Libraries map 40 MB for each core of
the machine and use little of it (OpenBLAS, for its threads): that is allowed on top.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_SHARE = 0.9
_STACK_BYTES = 8 * 1024**2  #: of a thread, where nothing limits it
_CONTAINERS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def limit_memory() -> None:
    """Limit what this process may write to; children may give themselves another limit."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on every system

    most = int(_SHARE * min(_limits())) + _mapped_only() + _stacks(resource)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _mapped_only() -> int:
    """Return how many bytes this process may write to by now, and has not."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    status = dict(line.split(":", 1) for line in lines)
    mapped, used = (1024 * int(status[name].split()[0]) for name in ("VmData", "RssAnon"))
    return max(0, mapped - used)


def _stacks(resource: Any) -> int:
    """Return the stacks of a thread a core, as Arrow starts when the first table is read."""
    each = resource.getrlimit(resource.RLIMIT_STACK)[0]
    return (os.cpu_count() or 1) * (_STACK_BYTES if each == resource.RLIM_INFINITY else each)


def _limits() -> Iterator[int]:
    """Yield the memory of the machine, and that of the container if it has a limit."""
    yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in _CONTAINERS:
        with suppress(OSError, ValueError):  # not of this kind, or "max"
            yield int(path.read_text(encoding="ascii"))
