"""How many entries of each class train, validate and test, chunk by chunk."""

from collections import Counter
from collections.abc import Collection, Iterator

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.models.sample.partcounts import ENTRY, WEIGHING, class_name
from mlaas4hep.core.models.sample.split import Split
from mlaas4hep.core.requests.request import Params

_DIFFERENT = 0.2  #: two chunks whose share of a class differs by more are not alike
_MOST_CLASSES = 50  #: more different labels are values
NAMES = ("train", "validation", "test")


def described(params: Params) -> str:
    """Return what decides which entries train, as people write it in params.json."""
    splitting = params.splitting
    if splitting.folds:
        by = f" by {splitting.fold_by!r}" if splitting.fold_by else ""
        return f"folds {splitting.folds}{by}"
    if splitting.validation:
        return f"validation {splitting.validation!r}"
    return f"split {params.split:g} and seed {params.seed}"


class Parts:
    """Counts labels of chunks, each chunk once; an entry of weight 0 does not count."""

    def __init__(self, classes: tuple[str, ...], made_by: str) -> None:
        """Count nothing yet; `made_by` is what `described` says."""
        self._classes = classes
        self._made_by = made_by
        self._counts: dict[str, Counter[float]] = {name: Counter() for name in NAMES}
        self._shares: dict[int, dict[float, float]] = {}
        self._are_values = False
        self._counted = ENTRY

    def add(self, index: int, labels: Floats, split: Split, weights: Floats | None = None) -> None:
        """Count the labels of a chunk; several columns, and many different ones, number no class.

        Args:
            index: of the chunk.
            labels: of its entries, shape (n,) or (n, columns).
            split: of its entries.
            weights: that figures count with, shape (n,); None: all count alike.
        """
        if index in self._shares:
            return
        if labels.ndim > 1 or self._are_values:
            labels = np.zeros(len(labels), np.float32)
        self._shares[index] = _shares(labels)
        weighing = np.ones(len(labels), np.bool_) if weights is None else weights != 0
        if not weighing.all():
            self._counted = WEIGHING
        for name, rows in zip(NAMES, (split.train, split.validation, split.test), strict=True):
            values, counts = np.unique(labels[rows[weighing[rows]]], return_counts=True)
            self._counts[name].update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        if len(self._labels_seen()) > _MOST_CLASSES:
            self._are_values = True
            self._counts = {
                name: Counter({0.0: counts.total()}) for name, counts in self._counts.items()
            }

    def check(self, *, classifies: bool) -> None:
        """Refuse parts of which nothing trains, or nothing of a class.

        Raises:
            TrainingError: says what is lacking.
        """
        if not self._counts["train"].total():
            raise TrainingError(
                f"params.json: {self._made_by}: no {self._counted} is left to learn from",
                "more entries, or a smaller split",
            )
        lacking = self._lacking("train") if classifies else ""
        if lacking:
            raise TrainingError(
                f"params.json: {self._made_by}: {lacking}: it cannot be learned",
                'more entries of it, another seed, or another "validation" in params.json',
            )

    def warnings(
        self, *, classifies: bool, chunked: bool, due: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Return what is odd about them; parts that are `due` have entries."""
        found = [*self._empty(due)]
        if classifies and not self._are_values:
            lacking = filter(None, map(self._lacking, NAMES))
            found += [f"{each}: its figures say nothing about it" for each in lacking]
            if chunked and self._differ(self._labels_seen()):
                found.append(
                    "chunks differ in their classes, and each is trained on by itself: the last"
                    ' ones count most; "training": "standard" in params.json goes over all of them'
                )
        return tuple(found)

    def _empty(self, due: Collection[str]) -> Iterator[str]:
        for name in NAMES:
            if name in due and self._labels_seen() and not self._counts[name].total():
                why = ": there are too few" if self._counted == ENTRY else ", so it has no figures"
                yield f"no {self._counted} is in the {name} part{why}"

    def _lacking(self, name: str) -> str:
        """Return which classes a part that has entries lacks; empty if it has all."""
        known, counts = self._labels_seen(), self._counts[name]
        lacking = [label for label in known if counts.total() and not counts[label]]
        if not lacking:
            return ""
        classes = ", ".join(class_name(label, self._classes) for label in lacking)
        told = f"no {self._counted} of class {classes} is in the {name} part"
        return f"{told} ({counts.total()} entries)"

    def _labels_seen(self) -> list[float]:
        return sorted(set().union(*self._counts.values()))

    def _differ(self, known: list[float]) -> bool:
        """Tell whether the share of a class in some chunk is far from that in another."""
        for label in known:
            shares = [share.get(label, 0.0) for share in self._shares.values()]
            if max(shares, default=0.0) - min(shares, default=0.0) > _DIFFERENT:
                return True
        return False


def _shares(labels: Floats) -> dict[float, float]:
    values, counts = np.unique(labels, return_counts=True)
    return dict(zip(values.tolist(), (counts / len(labels)).tolist(), strict=True))
