"""What a function has counted, in Prometheus's words; the one file of `faas` that knows its library."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from mlaas4hep.errors import MlaasError
from mlaas4hep.faas.metrics import Levels
from mlaas4hep.faas.tally import BUCKETS_S, Tally

log = logging.getLogger(__name__)


def registry(tally: Tally, levels: Iterable[Levels]) -> CollectorRegistry:
    """Return what tells the calls of a function and its levels."""
    made = CollectorRegistry()
    made.register(Calls(tally))
    for each in levels:
        made.register(LevelsNow(tally.function, each))
    return made


def text(own: CollectorRegistry) -> bytes:
    """Return what one process tells the others."""
    return generate_latest(own)


def told(
    own: CollectorRegistry, others: Sequence[bytes] | None, accepted: str
) -> tuple[str, bytes]:
    """Return the media type and the text of what a process and the others have counted.

    Args:
        own: of this process.
        others: what its siblings tell; None: it has none.
        accepted: the header `Accept` of whoever asks.
    """
    encode, content_type = choose_encoder(accepted)
    counted: Any = own if others is None else Sums([text(own), *others])
    return content_type, encode(counted)


class Calls(Collector):
    """The calls that a tally has counted."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted so far; from any thread."""
        tally, labels = self._tally, ["function"]
        of = [tally.function]
        calls = CounterMetricFamily(
            "mlaas_requests", "Requests by method and status", labels=[*labels, "method", "status"]
        )
        for (method, status), count in dict(tally.calls).items():
            calls.add_metric([*of, method, str(status)], count)
        yield calls
        seconds = HistogramMetricFamily(
            "mlaas_request_seconds", "Time until the answer's last byte", labels=labels
        )
        ends = [*(str(end) for end in BUCKETS_S), "+Inf"]
        counts = list(accumulate(tally.buckets))
        seconds.add_metric(of, list(zip(ends, counts, strict=True)), tally.seconds)
        yield seconds
        waiting = GaugeMetricFamily("mlaas_requests_open", "Requests on their way", labels=labels)
        waiting.add_metric(of, tally.open)
        yield waiting

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is is known when it is asked for."""
        return ()


class LevelsNow(Collector):
    """Gauges that are looked at when they are asked for."""

    def __init__(self, function: str, levels: Levels) -> None:
        self._function = function
        self._levels = levels

    def collect(self) -> Iterator[Metric]:
        """Yield what is true now; nothing if what would tell it does not answer."""
        families: dict[str, GaugeMetricFamily] = {}
        try:
            levels = list(self._levels())
        except MlaasError as error:  # the calls can be told all the same
            log.warning("levels of %s: %s", self._function, error)
            return
        for name, about, label, value in levels:
            family = families.setdefault(
                name, GaugeMetricFamily(name, about, labels=["function", "of"])
            )
            family.add_metric([self._function, label], value)
        yield from families.values()

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is is known when it is asked for."""
        return ()


class Sums(Collector):
    """The sum of several processes' metrics; of levels, too, since each counts its own."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        """Take what each process tells in Prometheus's text format."""
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once."""
        families: dict[str, Metric] = {}
        sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for text in self._texts:
            for family in text_string_to_metric_families(text.decode()):
                families.setdefault(family.name, family)
                values = sums.setdefault(family.name, {})
                for sample in family.samples:
                    key = sample.name, tuple(sample.labels.items())
                    values[key] = values.get(key, 0.0) + sample.value
        for name, family in families.items():
            whole = Metric(name, family.documentation, family.type)
            for (sample_name, labels), value in sums[name].items():
                whole.add_sample(sample_name, dict(labels), value)
            yield whole

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is is known when it is asked for."""
        return ()
