"""How many entries of each class train, validate and test, chunk by chunk."""

from collections import Counter
from collections.abc import Collection

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.models.sample.partcounts import class_name
from mlaas4hep.core.models.sample.split import Split

_DIFFERENT = 0.2  #: two chunks whose share of a class differs by more are not alike
_MOST_CLASSES = 50
NAMES = ("train", "validation", "test")


class Parts:
    """Counts labels of chunks, each chunk once."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._classes = classes
        self._counts: dict[str, Counter[float]] = {name: Counter() for name in NAMES}
        self._shares: dict[int, dict[float, float]] = {}

    def add(self, index: int, labels: Floats, split: Split) -> None:
        """Count the labels of a chunk; several columns number no class."""
        if index in self._shares or len(self._labels_seen()) > _MOST_CLASSES:
            return
        if labels.ndim > 1:
            labels = np.zeros(len(labels), np.float32)
        values, counts = np.unique(labels, return_counts=True)
        self._shares[index] = dict(
            zip(values.tolist(), (counts / len(labels)).tolist(), strict=True)
        )
        for name, rows in zip(NAMES, (split.train, split.validation, split.test), strict=True):
            values, counts = np.unique(labels[rows], return_counts=True)
            self._counts[name].update(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    def check(self, *, classifies: bool) -> None:
        """Refuse parts of which nothing trains, or nothing of a class.

        Raises:
            TrainingError: says what is lacking.
        """
        counts = self._counts["train"]
        if not counts.total():
            raise TrainingError(
                "no entry is left to learn from", "more entries, or a smaller split"
            )
        lacking = self._lacking("train") if classifies else ""
        if lacking:
            raise TrainingError(
                f"{lacking}: it cannot be learned",
                'more entries of it, another seed, or another "validation" in params.json',
            )

    def warnings(self, *, chunked: bool, due: Collection[str] = ()) -> tuple[str, ...]:
        """Return what is odd about them, for classifications; parts that are `due` have entries."""
        known = self._labels_seen()
        if len(known) > _MOST_CLASSES:
            return ()
        found = []
        for name, counts in self._counts.items():
            if name in due and known and not counts.total():
                found.append(f"no entry is in the {name} part: there are too few")
            if lacking := self._lacking(name):
                found.append(f"{lacking}: its figures say nothing about it")
        if chunked and self._differ(known):
            found.append(
                "chunks differ in their classes, and each is trained on by itself: the last ones"
                ' count most; "training": "standard" in params.json goes over all of them'
            )
        return tuple(found)

    def _lacking(self, name: str) -> str:
        """Return which classes a part that has entries lacks; empty if it has all."""
        known, counts = self._labels_seen(), self._counts[name]
        lacking = [label for label in known if counts and not counts[label]]
        if not lacking or len(known) > _MOST_CLASSES:
            return ""
        classes = ", ".join(class_name(label, self._classes) for label in lacking)
        return f"no entry of class {classes} is in the {name} part ({counts.total()} entries)"

    def _labels_seen(self) -> list[float]:
        return sorted(set().union(*self._counts.values()))

    def _differ(self, known: list[float]) -> bool:
        """Tell whether the share of a class in some chunk is far from that in another."""
        for label in known:
            shares = [share.get(label, 0.0) for share in self._shares.values()]
            if max(shares, default=0.0) - min(shares, default=0.0) > _DIFFERENT:
                return True
        return False
