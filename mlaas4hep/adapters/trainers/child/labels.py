"""The labels that came so far, and what they say about the task."""

from collections.abc import Iterable

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.models.task import Task

_MOST_LABELS = 1000  #: more different ones are no classes


class SeenLabels:
    """Refuses labels that nothing can be learned from, and remembers which there were."""

    def __init__(self, task: Task, labels: Iterable[float] = (), asked: Task | None = None) -> None:
        """Begin with the labels that are known; `asked` is what the request says."""
        self._task = task
        self._asked = asked
        self._seen = set(labels)

    @property
    def seen(self) -> tuple[float, ...]:
        """Return the different labels, rising."""
        return tuple(sorted(self._seen))

    @property
    def task(self) -> Task:
        """Return what is learned: labels say it, unless the request or the outputs do."""
        if self._asked and (self._asked == "multiclass") == (self._task == "multiclass"):
            return self._asked
        if self._task in ("regression", "other") and self._seen:
            two = any(self._seen <= pair for pair in ({0.0, 1.0}, {-1.0, 1.0}))
            return "binary" if two else "regression"
        return self._task

    @property
    def are_classes(self) -> bool:
        """Tell whether a split should keep the share of each label."""
        return self._task in ("binary", "multiclass")

    def add(self, labels: Floats) -> None:
        """Take labels of entries.

        Raises:
            TrainingError: one is not a number.
        """
        bad = np.flatnonzero(~np.isfinite(labels))
        if bad.size:
            raise TrainingError(
                f"{bad.size} labels of {labels.size} in a chunk are not numbers (NaN or infinite)",
                "check labels.txt and the branches it names",
            )
        if len(self._seen) <= _MOST_LABELS:
            self._seen.update(np.unique(labels)[: _MOST_LABELS + 1].tolist())

    def restore(self, labels: Iterable[float]) -> None:
        """Take the labels that a checkpoint remembers."""
        self._seen.update(labels)

    def check_several(self) -> None:
        """Refuse a classification in which all entries are of one class.

        Raises:
            TrainingError: only one label was ever seen.
        """
        if self.are_classes and len(self._seen) == 1:
            label = next(iter(self._seen))
            raise TrainingError(
                f"all entries have label {label:g}: there is nothing to tell apart",
                "labels.txt should give at least two classes, and cuts should leave both",
            )
