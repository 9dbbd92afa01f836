"""Loss and accuracy over the batches of a round."""

from collections import defaultdict
from typing import Any

import numpy as np

from mlaas4hep.adapters.trainers.framework import Floats, RoundMetrics
from mlaas4hep.adapters.trainers.torch.targets.joint import Learned


class BatchMetrics:
    """Sums, weighted as the entries are."""

    def __init__(self) -> None:
        self._loss = self._weight = 0.0
        self._right: dict[str, float] = defaultdict(float)
        self._entries = 0

    def add(
        self, target: Learned, outputs: Any, labels: Floats, loss: Any, weights: Any = None
    ) -> None:
        """Take a batch: outputs (n, k), labels of each entry, and the mean of its weighted losses."""
        entries = len(labels)
        self._entries += entries
        self._loss += float(loss.detach()) * entries
        weight = np.ones(entries) if weights is None else weights.cpu().double().numpy()
        self._weight += float(weight.sum())
        given = outputs.detach().float().cpu().numpy()
        for name, right in target.right(given, labels).items():
            self._right[name] += float((right * weight).sum())

    def taken(self) -> RoundMetrics:
        """Return the means since the last call, and begin anew; empty without entries."""
        found = {}
        if self._entries:
            found["loss"] = self._loss / (self._weight or self._entries)
            if self._weight:
                found |= {name: sum_ / self._weight for name, sum_ in self._right.items()}
        self.__init__()  # type: ignore[misc]
        return found
