"""What Prometheus may ask the dispatcher."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS_S = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600, 3600, 6 * 3600)


class Metrics:
    """The dispatcher's counters, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "mlaas_deliveries",
            "Calls of functions",
            ["function", "outcome"],
            registry=self.registry,
        )
        self.swept = Counter(
            "mlaas_swept_runs",
            "Runs whose next event was missing and told again",
            registry=self.registry,
        )
        self.tidied = Counter(
            "mlaas_tidied_objects",
            "Objects that steps left which died before they cleaned up",
            registry=self.registry,
        )
        self.seconds = Histogram(
            "mlaas_delivery_seconds",
            "How long the calls took",
            ["function"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self.waiting = Gauge(
            "mlaas_waiting",
            "Events here that wait for a call",
            ["function"],
            registry=self.registry,
        )
        self.oldest = Gauge(
            "mlaas_oldest_waiting_timestamp_seconds",
            "When the oldest event that waits here was told; 0: none waits",
            ["function"],
            registry=self.registry,
        )
        self.running = Gauge(
            "mlaas_running", "Events that are being handled", ["function"], registry=self.registry
        )
