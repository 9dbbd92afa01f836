"""How much memory a process of a function may take: less than there is, so that it cannot be killed.

Where a container takes more than its limit, the kernel kills it with all calls in it. With this
limit the one call fails that asks for too much, such as for the content of a made-up file.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SHARE = 0.9
_CONTAINERS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def limit_memory() -> None:
    """Limit what this process may write to; children may give themselves another limit."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on every system

    most = int(_SHARE * min(_known()))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _known() -> Iterator[int]:
    """Yield the memory of the machine, and that of the container if it has a limit."""
    yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in _CONTAINERS:
        with suppress(OSError, ValueError):  # not of this kind, or "max"
            yield int(path.read_text(encoding="ascii"))
