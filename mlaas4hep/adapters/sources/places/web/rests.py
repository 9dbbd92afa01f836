"""Servers that said how long they want to be left alone, each with the time when that is over."""

import threading
from collections.abc import Callable

from cachetools import LRUCache

_SERVERS = 1000  #: that are remembered
_LONGEST_S = 3600.0  #: nobody keeps us off a server for ever by one answer


class Rests:
    """Remembers what servers said; any number of threads may use it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Count in the seconds of `clock`, which only goes forward."""
        self._clock = clock
        self._until: LRUCache[str, float] = LRUCache(_SERVERS)
        self._lock = threading.Lock()

    def left_s(self, server: str) -> float:
        """Return for how many seconds a server wants to be left alone from now on."""
        with self._lock:
            return max(0.0, self._until.get(server, 0.0) - self._clock())

    def wants(self, server: str, seconds: float) -> None:
        """Note what a server said, up to an hour; the later end counts."""
        with self._lock:
            until = self._clock() + min(seconds, _LONGEST_S)
            self._until[server] = max(until, self._until.get(server, 0.0))
