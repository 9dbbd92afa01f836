"""How many entries of each class are in each part that a person's expression makes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.models.sample.reason import Reason

Parted = tuple[NDArray[np.uint8], Array, Array | None]  #: parts, labels and weights of entries
ENTRY, WEIGHING = "entry", "entry with a weight other than 0"
_TRAINS, _VALIDATES = 0, 1  #: parts, where nobody asks for folds
_MOST_COUNTS = 2000  #: more are of values, not of classes
_OTHER_FOLDS = "fewer folds, or another fold_by in params.json"
_PARAMS_FILE = "params.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCounts:
    """Entries that count: one of weight 0 teaches nothing, and no figure sees it."""

    entries: Mapping[tuple[int, float], int]  #: (part, label): how many
    counted: str = ENTRY  #: what, as people are told it

    @classmethod
    def of(cls, blocks: Iterable[Parted]) -> "PartCounts":
        """Return how many entries have which part and label; too many labels are no classes, but 0.

        Args:
            blocks: parts, labels and weights of entries, shapes (n,), (n,) or (n, label columns),
                and (n,); no weights: all count.
        """
        counts: Counter[tuple[int, float]] = Counter()
        some_weigh_nothing = False
        for parts, labels, weights in blocks:
            weighing = np.ones(len(parts), np.bool_) if weights is None else weights != 0
            some_weigh_nothing |= not weighing.all()
            counts.update(_pairs(parts[weighing], labels[weighing]))
            if len(counts) > _MOST_COUNTS:
                counts = _summed(counts)
        return cls(entries=counts, counted=WEIGHING if some_weigh_nothing else ENTRY)

    def without_labels(self) -> "PartCounts":
        """Return the same, all as label 0: labels of a regression are no classes."""
        return replace(self, entries=_summed(self.entries))

    @property
    def labels(self) -> list[float]:
        """Return the different labels, rising."""
        return sorted({label for _, label in self.entries})


def unusable(counts: PartCounts, splitting: Splitting, classes: tuple[str, ...]) -> Reason | None:
    """Return why these parts cannot train and validate a model; None if they can.

    Where no entry counts at all, parts are not why: None.
    """
    if not counts.entries:
        return None
    reasons = _folds if splitting.folds else _validation
    return next(reasons(counts, splitting, classes), None)


def class_name(label: float, classes: tuple[str, ...]) -> str:
    """Return a label as people are told it, with the class that it numbers."""
    is_class = label.is_integer() and 0 <= label < len(classes)
    return f"{label:g} ({classes[int(label)]})" if is_class else f"{label:g}"


def _pairs(parts: NDArray[np.uint8], labels: Array) -> dict[tuple[int, float], int]:
    classes = np.zeros(len(parts)) if labels.ndim > 1 else labels
    pairs = np.stack((parts.astype(np.float64), classes), axis=1)
    each = zip(*np.unique(pairs, axis=0, return_counts=True), strict=True)
    return {(int(part), float(label)): int(entries) for (part, label), entries in each}


def _summed(counts: Mapping[tuple[int, float], int]) -> Counter[tuple[int, float]]:
    found: Counter[tuple[int, float]] = Counter()
    for (part, _), entries in counts.items():
        found[part, 0.0] += entries
    return found


def _folds(counts: PartCounts, splitting: Splitting, classes: tuple[str, ...]) -> Iterator[Reason]:
    by = f"fold_by {splitting.fold_by!r}" if splitting.fold_by else f"folds {splitting.folds}"
    for fold in range(splitting.folds):
        lacking = [label for label in counts.labels if not counts.entries.get((fold, label))]
        if lacking:
            named = class_name(lacking[0], classes)
            what = f" of class {named}" if len(lacking) < len(counts.labels) else ""
            text = f"{by}: no {counts.counted}{what} is in fold {fold}: its model could not be validated"
            yield _of_params(text, _OTHER_FOLDS, splitting.fold_by)


def _validation(
    counts: PartCounts, splitting: Splitting, classes: tuple[str, ...]
) -> Iterator[Reason]:
    there = {part for part, _ in counts.entries}
    expression = splitting.validation
    told = f"validation {expression!r} is true for"
    if _TRAINS not in there:
        yield _of_params(
            f"{told} every {counts.counted}: no entry is left to learn from",
            "an expression such as 'event % 5 == 0'",
            expression,
        )
    if _VALIDATES not in there:
        yield _of_params(
            f"{told} no {counts.counted}", "an expression such as 'event % 5 == 0'", expression
        )
    for label in counts.labels:
        if not counts.entries.get((_TRAINS, label)):
            yield _of_params(
                f"{told} every {counts.counted} of class {class_name(label, classes)}: it cannot be"
                " learned",
                "an expression that has nothing to do with the label, such as 'event % 5 == 0'",
                expression,
            )


def _of_params(text: str, hint: str, branch: str) -> Reason:
    return Reason(message=f"{_PARAMS_FILE}: {text}", hint=hint, file=_PARAMS_FILE, branch=branch)
