"""Loss and accuracy over the batches of a round."""

from typing import Any

import numpy as np

from mlaas4hep.adapters.trainers.framework import Floats, RoundMetrics
from mlaas4hep.adapters.trainers.torch.target import Target

_HALF = {"none": 0.5, "sigmoid": 0.0, "signed": 0.0}  #: outputs from which an entry is signal


class BatchMetrics:
    """Sums, weighted as the entries are."""

    def __init__(self) -> None:
        self._loss = self._right = self._weight = 0.0
        self._entries = 0
        self._tells = False

    def add(
        self, target: Target, outputs: Any, labels: Floats, loss: Any, weights: Any = None
    ) -> None:
        """Take a batch: outputs (n, k), labels (n,), and the mean of its weighted losses."""
        entries = len(labels)
        self._entries += entries
        self._loss += float(loss.detach()) * entries
        weight = np.ones(entries) if weights is None else weights.cpu().double().numpy()
        self._weight += float(weight.sum())
        self._tells = target.task in ("binary", "multiclass")
        if self._tells:
            right = _right(target, outputs.detach().float().cpu().numpy(), labels)
            self._right += float((right * weight).sum())

    def taken(self) -> RoundMetrics:
        """Return the means since the last call, and begin anew; empty without entries."""
        found = {}
        if self._entries:
            found["loss"] = self._loss / (self._weight or self._entries)
            if self._tells and self._weight:
                found["accuracy"] = self._right / self._weight
        self.__init__()  # type: ignore[misc]
        return found


def _right(target: Target, outputs: Floats, labels: Floats) -> Any:
    if outputs.shape[1] > 1:
        return outputs.argmax(axis=1) == labels
    chosen = outputs[:, 0] >= _HALF[target.compares.activation]
    return chosen == (labels > 0.5)  # noqa: PLR2004 - of 0 and 1, or -1 and 1
