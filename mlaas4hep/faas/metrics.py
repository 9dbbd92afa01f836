"""What Prometheus may ask a function at `/_/metrics`: its calls, and what it counts itself."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from mlaas4hep.errors import MlaasError
from mlaas4hep.faas.asgi import AsgiApp, Receive, Scope, Send

log = logging.getLogger(__name__)

PATH = "/_/metrics"
_BUCKETS_S = (0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600, 3600)

Level = tuple[str, str, str, float]  #: metric, what it tells, a label or "", the value now
Levels = Callable[[], Iterable[Level]]


class Measured:
    """An ASGI app whose calls are counted; it answers `/_/metrics` itself."""

    def __init__(self, app: AsgiApp, function: str, levels: Levels = tuple) -> None:
        """Count the calls of `app`.

        Args:
            app: of the function.
            function: its name, a label of everything.
            levels: returns what else can be told at the moment it is asked.
        """
        self.app = app
        self.registry = CollectorRegistry()
        self._labels = {"function": function}
        self._calls = Counter(
            "mlaas_requests",
            "Requests by method and status",
            ["function", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "mlaas_request_seconds",
            "Time until the answer's last byte",
            ["function"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        ).labels(**self._labels)
        self._open = Gauge(
            "mlaas_requests_open", "Requests on their way", ["function"], registry=self.registry
        ).labels(**self._labels)
        self._counters: dict[tuple[str, str], Counter] = {}  # finding one takes longer than adding
        self.registry.register(_Levels(function, levels))

    def stop(self) -> None:
        """Tell the app that it is to end."""
        getattr(self.app, "stop", lambda: None)()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == PATH and scope["method"] == "GET":
            await self._tell(scope, send)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, started = "499", time.perf_counter()  # until an answer begins: the caller left

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._open.inc()
        try:
            await self.app(scope, receive, sending)
        finally:
            self._open.dec()
            self._counter(method, status).inc()
            self._seconds.observe(time.perf_counter() - started)

    def _counter(self, method: str, status: str) -> Counter:
        found = self._counters.get((method, status))
        if found is None:
            found = self._calls.labels(**self._labels, method=method, status=status)
            self._counters[method, status] = found
        return found

    async def _tell(self, scope: Scope, send: Send) -> None:
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        encode, content_type = choose_encoder(accept)
        body = await asyncio.to_thread(encode, self.registry)  # levels may wait for NATS
        headers = [
            (b"content-type", content_type.encode()),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


class _Levels(Collector):
    """Gauges that are looked at when they are asked for."""

    def __init__(self, function: str, levels: Levels) -> None:
        self._function = function
        self._levels = levels

    def collect(self) -> Iterator[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        try:
            told = list(self._levels())
        except MlaasError as error:  # the calls can be told all the same
            log.warning("levels of %s: %s", self._function, error)
            return
        for name, about, label, value in told:
            family = families.setdefault(
                name, GaugeMetricFamily(name, about, labels=["function", "of"])
            )
            family.add_metric([self._function, label], value)
        yield from families.values()

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is is known when it is asked for."""
        return ()
