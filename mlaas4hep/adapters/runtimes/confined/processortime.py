"""How much processor time a process got, and for how long it waited for a processor."""

import os
import time
from pathlib import Path

_NANOSECONDS = 1e-9


def used_seconds(pid: int) -> float:
    """Return the processor time of a process so far, of all its threads; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    ticks = fields.rpartition(")")[2].split()[11:13]
    return sum(int(each) for each in ticks) / os.sysconf("SC_CLK_TCK")


def waited_seconds(pid: int) -> float:
    """Return how long a process could have run and had no processor; 0 if nobody counts it.

    Of several threads it is the one that waited longest: they may have waited at the same time.
    """
    return max(map(_waited, Path(f"/proc/{pid}/task").glob("*/schedstat")), default=0.0)


def _waited(file: Path) -> float:
    try:
        return int(file.read_text(encoding="ascii").split()[1]) * _NANOSECONDS
    except (OSError, ValueError, IndexError):  # the thread ended, or the kernel does not count
        return 0.0


class OwnTime:
    """The seconds that a process has had since a moment: those in which it waited do not count.

    A machine with much to do is no fault of a model.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began = time.monotonic()
        self._used, self._waited = used_seconds(pid), waited_seconds(pid)

    @property
    def took_seconds(self) -> float:
        """Return how long ago that moment is."""
        return time.monotonic() - self._began

    @property
    def seconds(self) -> float:
        """Return the time, and not less than the processor time of its threads together.

        So threads that keep each other waiting gain nothing.
        """
        own = self.took_seconds - (waited_seconds(self._pid) - self._waited)
        return max(own, used_seconds(self._pid) - self._used)
