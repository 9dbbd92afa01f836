"""The functions as OpenFaaS's REST API shows them."""

import asyncio
from collections import Counter
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
class DeployedFunction:
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
