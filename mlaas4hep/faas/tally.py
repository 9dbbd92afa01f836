"""`Tally`: calls counted by one event loop, which costs two additions each; `exposition` tells them.

prometheus_client's own counters take a lock and several calls for each addition, 5 µs in all for a
call, which is as much as a small model's prediction.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

BUCKETS_S = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3600.0)  #: their ends
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"))


class Tally:
    """The calls of one function; only its event loop counts, and any thread may look."""

    def __init__(self, function: str) -> None:
        """Count nothing yet."""
        self.open = 0  #: calls on their way
        self.function = function
        self.calls: Counter[tuple[str, int]] = Counter()  #: by method and status
        self.buckets = [0] * (len(BUCKETS_S) + 1)  #: how many calls took so long
        self.seconds = 0.0  #: of all calls

    def add(self, method: str, status: int, seconds: float) -> None:
        """Count a call that has ended."""
        self.add_all(method, (status,), seconds)

    def add_all(self, method: str, statuses: Sequence[int], seconds: float) -> None:
        """Count calls that have ended together, each after so many seconds."""
        named = method if method in _METHODS else "OTHER"
        for status in statuses:
            self.calls[named, status] += 1
        self.buckets[bisect_left(BUCKETS_S, seconds)] += len(statuses)
        self.seconds += seconds * len(statuses)
