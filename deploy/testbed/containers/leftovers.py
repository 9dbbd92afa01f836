"""What Docker leaves on the machine where it was killed instead of stopped.

Its containers are in control groups of their own, so that they may outlive it; and their network
namespaces are mounts, which outlive everybody. The next daemon gives the same addresses out again,
and then two answer to one.
"""

import json
import logging
import os
import select
import signal
from contextlib import suppress
from pathlib import Path

from deploy import command

log = logging.getLogger(__name__)

_GROUPS = Path("/sys/fs/cgroup")
_GRACE_S = 10.0  #: for a process to be gone after SIGKILL


def remove(containers: Path, bridge: str) -> None:
    """End the processes of containers whose daemon is dead, and take their network away.

    Args:
        containers: the folder of the daemon's data with one folder a container.
        bridge: that all their links are on; it goes, too.
    """
    for container in containers.glob("*"):
        for pid in processes(container.name):
            log.info("ending process %d of a container that outlived its daemon", pid)
            _kill(pid)
    links = _names("master", bridge)
    if links:
        log.info("removing links that outlived their containers: %s", ", ".join(links))
    for link in (*links, *_names("dev", bridge)):
        command.output(["ip", "link", "delete", link])


def processes(container: str) -> set[int]:
    """Return the living processes of a container by its id, whatever became of its daemon."""
    # One tree a controller in the first version of control groups, one for all in the second.
    files = (
        file
        for tree in ("", "*/")
        for file in _GROUPS.glob(f"{tree}docker/{container}/cgroup.procs")
    )
    return {int(line) for file in files for line in file.read_text(encoding="ascii").split()}


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        watch = os.pidfd_open(pid)
        try:
            os.kill(pid, signal.SIGKILL)
            select.select([watch], [], [], _GRACE_S)
        finally:
            os.close(watch)


def _names(*which: str) -> list[str]:
    """Return the links that `ip link show` finds; none where there is no such bridge."""
    try:
        found = command.output(["ip", "-json", "link", "show", *which])
    except command.CommandError:
        return []
    return [link["ifname"] for link in json.loads(found or "[]")]
