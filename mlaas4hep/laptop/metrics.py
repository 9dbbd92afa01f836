"""What Prometheus may ask the gateway, under the names that OpenFaaS's gateway uses."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from mlaas4hep.laptop.functions import NAMESPACE, DeployedFunction


class Invocations(Collector):
    """The calls of functions, as they were counted."""

    def __init__(self, functions: Mapping[str, DeployedFunction]) -> None:
        self._functions = functions

    def collect(self) -> Iterator[Metric]:
        """Yield calls by status, their time, and how many replicas can be called."""
        names = ["function_name"]
        calls = CounterMetricFamily(
            "gateway_function_invocation", "Function calls by status.", labels=[*names, "code"]
        )
        seconds = SummaryMetricFamily(
            "gateway_functions_seconds", "Time of function calls.", labels=names
        )
        replicas = GaugeMetricFamily(
            "gateway_service_count", "Replicas that can be called.", labels=names
        )
        for function in self._functions.values():
            full = f"{function.name}.{NAMESPACE}"
            for status, count in function.calls.items():
                calls.add_metric([full, str(status)], count)
            seconds.add_metric([full], function.calls.total(), function.seconds)
            replicas.add_metric([full], int(function.ready.is_set()))
        yield from (calls, seconds, replicas)


def exposition(functions: Mapping[str, DeployedFunction], accept: str) -> tuple[bytes, str]:
    """Return the metrics and their content type, in the form that `accept` prefers."""
    registry = CollectorRegistry()
    registry.register(Invocations(functions))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
