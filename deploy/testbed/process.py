"""Background processes: each with a pid file, a log, and an end."""

import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from deploy.testbed.place import Place

log = logging.getLogger(__name__)

PATIENCE_S = 60.0  #: to become ready, unless said otherwise
GRACE_S = 40.0  #: to end after SIGTERM
PROBE_S = 0.1


class NotReadyError(Exception):
    """A process ended or did not become ready; the message shows the end of its log."""


def start(
    place: Place,
    name: str,
    command: Sequence[str],
    *,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Start a process unless it runs already, and return when it is ready.

    Raises:
        NotReadyError: it ended, or is not ready in time.
    """
    if running(place, name):
        return
    log.info("starting %s", name)
    log_file = place.folder("logs") / f"{name}.log"
    with log_file.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            env=place.environment(**(env or {})),
            cwd=place.folder("work"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _pid_file(place, name).write_text(f"{child.pid} {_birth(child.pid)}", encoding="utf-8")
    _await(child, ready, patience_s, name, log_file)


def wait(ready: Callable[[], bool], patience_s: float, what: str) -> None:
    """Return when `ready` says so.

    Raises:
        NotReadyError: it does not in time.
    """
    deadline = time.monotonic() + patience_s
    never = select.poll()
    while not ready():
        if time.monotonic() > deadline:
            raise NotReadyError(f"{what} is not ready after {patience_s:.0f} s")
        never.poll(PROBE_S * 1000)


def running(place: Place, name: str) -> bool:
    """Tell whether the process that we started under this name is alive."""
    return pid(place, name) is not None


def pid(place: Place, name: str) -> int | None:
    """Return the process that we started under this name; None if it is dead."""
    return _living(_pid_file(place, name))


def stop(place: Place, name: str) -> None:
    """End a process and its children; one that is not there is fine."""
    file = _pid_file(place, name)
    process = _living(file)
    if process is not None:
        log.info("stopping %s", name)
        with suppress(ProcessLookupError):
            _end(process)
    file.unlink(missing_ok=True)


def stop_all(place: Place) -> None:
    """End everything, the last started first."""
    files = place.folder("pids").glob("*.pid")
    for file in sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True):
        stop(place, file.stem)


def _end(process: int) -> None:
    watch = os.pidfd_open(process)
    try:
        os.killpg(process, signal.SIGTERM)
        if not select.select([watch], [], [], GRACE_S)[0]:
            os.killpg(process, signal.SIGKILL)
            select.select([watch], [], [], GRACE_S)
    finally:
        os.close(watch)


def _await(
    child: subprocess.Popen[bytes],
    ready: Callable[[], bool],
    patience_s: float,
    name: str,
    log_file: Path,
) -> None:
    deadline = time.monotonic() + patience_s
    while not ready():
        try:
            code = child.wait(PROBE_S)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
            code = None
        what = "is not ready" if code is None else f"ended with {code}"
        last = log_file.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise NotReadyError(f"{name} {what}; {log_file} ends with:\n{last}")


def _pid_file(place: Place, name: str) -> Path:
    return place.folder("pids") / f"{name}.pid"


def _living(file: Path) -> int | None:
    """Return the pid in a pid file if that very process still lives, not a later one."""
    try:
        pid, birth = file.read_text(encoding="utf-8").split()
        return int(pid) if _birth(int(pid)) == birth else None
    except (FileNotFoundError, ValueError):
        return None


def _birth(pid: int) -> str:
    """Return when a process started, in ticks; "" if there is none or it is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
