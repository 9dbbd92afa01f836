"""How many entries of each class are in each part that a person's expression makes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.planning.splitting import Splitting

PartCounts = Mapping[tuple[int, float], int]  #: (part, label): entries
_TRAINS, _VALIDATES = 0, 1  #: parts, where nobody asks for folds
_MOST_COUNTS = 2000  #: more are of values, not of classes
_OTHER_FOLDS = "fewer folds, or another fold_by in params.json"
_PARAMS_FILE = "params.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why nothing can be learned from entries."""

    message: str
    hint: str  #: what to do about it
    file: str = ""  #: that asks for it; a message of a training begins with it


def counted(blocks: Iterable[tuple[NDArray[np.uint8], Array]]) -> PartCounts:
    """Return how many entries have which part and label; too many labels are no classes, but 0.

    Args:
        blocks: parts and labels of entries, shapes (n,) and (n,) or (n, label columns).
    """
    counts: Counter[tuple[int, float]] = Counter()
    for parts, labels in blocks:
        classes = np.zeros(len(parts)) if labels.ndim > 1 else labels
        pairs = np.stack((parts.astype(np.float64), classes), axis=1)
        each = zip(*np.unique(pairs, axis=0, return_counts=True), strict=True)
        counts.update({(int(part), float(label)): int(entries) for (part, label), entries in each})
        if len(counts) > _MOST_COUNTS:
            counts = Counter(without_labels(counts))
    return counts


def without_labels(counts: PartCounts) -> PartCounts:
    """Return how many entries each part has, all as label 0: labels of a regression are no classes."""
    found: Counter[tuple[int, float]] = Counter()
    for (part, _), entries in counts.items():
        found[part, 0.0] += entries
    return found


def unusable(counts: PartCounts, splitting: Splitting, classes: tuple[str, ...]) -> Reason | None:
    """Return why these parts cannot train and validate a model; None if they can."""
    reasons = _folds if splitting.folds else _validation
    return next(reasons(counts, splitting, classes), None)


def class_name(label: float, classes: tuple[str, ...]) -> str:
    """Return a label as people are told it, with the class that it numbers."""
    is_class = label.is_integer() and 0 <= label < len(classes)
    return f"{label:g} ({classes[int(label)]})" if is_class else f"{label:g}"


def _folds(counts: PartCounts, splitting: Splitting, classes: tuple[str, ...]) -> Iterator[Reason]:
    known = sorted({label for _, label in counts})
    by = f"fold_by {splitting.fold_by!r}" if splitting.fold_by else f"folds {splitting.folds}"
    for fold in range(splitting.folds):
        lacking = [label for label in known if not counts.get((fold, label))]
        if lacking:
            named = class_name(lacking[0], classes)
            what = f" of class {named}" if len(lacking) < len(known) else ""
            text = f"{by}: no entry{what} is in fold {fold}: its model could not be validated"
            yield _of_params(text, _OTHER_FOLDS)


def _validation(
    counts: PartCounts, splitting: Splitting, classes: tuple[str, ...]
) -> Iterator[Reason]:
    there = {part for part, _ in counts}
    expression = splitting.validation
    if _TRAINS not in there:
        yield _of_params(
            f"validation {expression!r} is true for every entry: no entry is left to learn from",
            "an expression such as 'event % 5 == 0'",
        )
    if _VALIDATES not in there:
        yield _of_params(
            f"validation {expression!r} is true for no entry",
            "an expression such as 'event % 5 == 0'",
        )
    for label in sorted({label for _, label in counts}):
        if not counts.get((_TRAINS, label)):
            text = f"true for every entry of class {class_name(label, classes)}"
            yield _of_params(
                f"validation {expression!r} is {text}: it cannot be learned",
                "an expression that has nothing to do with the label, such as 'event % 5 == 0'",
            )


def _of_params(text: str, hint: str) -> Reason:
    return Reason(message=f"{_PARAMS_FILE}: {text}", hint=hint, file=_PARAMS_FILE)
