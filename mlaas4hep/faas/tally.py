"""`Tally`: calls counted by one event loop, which costs two additions each; Prometheus reads it.

prometheus_client's own counters take a lock and several calls for each addition, 5 µs in all for a
call, which is as much as a small model's prediction.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

_BUCKETS_S = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3600.0)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"))


class Tally(Collector):
    """The calls of one function; only its event loop counts."""

    def __init__(self, function: str) -> None:
        """Count nothing yet."""
        self.open = 0  #: calls on their way
        self._function = function
        self._calls: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(_BUCKETS_S) + 1)
        self._seconds = 0.0

    def add(self, method: str, status: int, seconds: float) -> None:
        """Count a call that has ended."""
        self.add_all(method, (status,), seconds)

    def add_all(self, method: str, statuses: Sequence[int], seconds: float) -> None:
        """Count calls that have ended together, each after so many seconds."""
        named = method if method in _METHODS else "OTHER"
        for status in statuses:
            self._calls[named, status] += 1
        self._buckets[bisect_left(_BUCKETS_S, seconds)] += len(statuses)
        self._seconds += seconds * len(statuses)

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted so far; from any thread."""
        of, labels = [self._function], ["function"]
        calls = CounterMetricFamily(
            "mlaas_requests", "Requests by method and status", labels=[*labels, "method", "status"]
        )
        for (method, status), count in dict(self._calls).items():
            calls.add_metric([*of, method, str(status)], count)
        yield calls
        seconds = HistogramMetricFamily(
            "mlaas_request_seconds", "Time until the answer's last byte", labels=labels
        )
        ends = [*(str(end) for end in _BUCKETS_S), "+Inf"]
        counts = list(accumulate(self._buckets))
        seconds.add_metric(of, list(zip(ends, counts, strict=True)), self._seconds)
        yield seconds
        waiting = GaugeMetricFamily("mlaas_requests_open", "Requests on their way", labels=labels)
        waiting.add_metric(of, self.open)
        yield waiting

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is is known when it is asked for."""
        return ()
