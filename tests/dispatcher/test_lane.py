"""A lane whose function may not be called now: what is seen of the events that wait."""

from typing import Any

from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from mlaas4hep.dispatcher.lane import Lane
from mlaas4hep.dispatcher.metrics import Metrics
from tests.dispatcher.events import message, planned


def oldest(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value(
        "mlaas_oldest_waiting_timestamp_seconds", {"function": "chunk-preprocess"}
    )


def test_it_is_told_when_the_oldest_event_that_waits_was_told() -> None:
    nobody: Any = None
    metrics = Metrics()
    lane = Lane(
        "chunk-preprocess",
        limit=0,
        per_owner=1,
        client=Client(),
        caller=nobody,
        runs=nobody,
        bus=nobody,
        metrics=metrics,
    )
    before = oldest(metrics.registry)
    for number, told_s in enumerate((30, 20, 40)):
        (event,) = planned("a", 1, run=f"luca_{number}")
        lane._receive(message(event, number + 1, told_s))
    waiting = oldest(metrics.registry)
    lane.stream_is_new()

    assert (before, waiting, oldest(metrics.registry)) == (0, 20, 0)
