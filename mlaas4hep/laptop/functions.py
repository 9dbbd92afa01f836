"""The functions as OpenFaaS's REST API shows them."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlaas4hep import __version__
from mlaas4hep.core.runs.events import SUBJECTS
from mlaas4hep.laptop.logs import FunctionLog

FUNCTIONS = ("specs", "chunk-preprocess", "train", "predict", "workflow")
PEOPLES = frozenset({"workflow", "predict"})  #: functions that people's tokens open
NAMESPACE = "openfaas-fn"


@dataclass(kw_only=True, eq=False)
class Deployed:
    """One function: where it listens, what it said and what was asked of it."""

    name: str
    port: int
    log: FunctionLog
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    calls: Counter[int] = field(default_factory=Counter)  #: answers by status
    seconds: float = 0.0  #: time of all answers together

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def count(self, status: int, seconds: float) -> None:
        """Remember one answer."""
        self.calls[status] += 1
        self.seconds += seconds

    def to_json(self) -> dict[str, Any]:
        """Return the function's status as `faas-cli describe` reads it."""
        subject = f"mlaas.{self.name}"
        return {
            "name": self.name,
            "image": f"mlaas4hep/{self.name}:{__version__}",
            "namespace": NAMESPACE,
            "envProcess": "python3 index.py",
            "labels": {"app": "mlaas4hep"},
            "annotations": {"topic": subject} if subject in SUBJECTS else {},
            "replicas": 1,
            "availableReplicas": int(self.ready.is_set()),
            "invocationCount": self.calls.total(),
            "createdAt": self.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }


def metrics(functions: Mapping[str, Deployed]) -> str:
    """Return Prometheus's text with the names that OpenFaaS's gateway uses."""
    total, seconds, replicas = [], [], []
    for name, function in sorted(functions.items()):
        full = f'function_name="{name}.{NAMESPACE}"'
        for status, calls in sorted(function.calls.items()):
            total.append(f'gateway_function_invocation_total{{code="{status}",{full}}} {calls}')
        seconds.append(f"gateway_functions_seconds_sum{{{full}}} {function.seconds:.6f}")
        seconds.append(f"gateway_functions_seconds_count{{{full}}} {function.calls.total()}")
        replicas.append(f"gateway_service_count{{{full}}} {int(function.ready.is_set())}")
    lines = [
        "# HELP gateway_function_invocation_total Function calls by status.",
        "# TYPE gateway_function_invocation_total counter",
        *total,
        "# HELP gateway_functions_seconds Time of function calls.",
        "# TYPE gateway_functions_seconds summary",
        *seconds,
        "# HELP gateway_service_count Replicas that can be called.",
        "# TYPE gateway_service_count gauge",
        *replicas,
    ]
    return "\n".join(lines) + "\n"
