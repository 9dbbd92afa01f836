"""How good scores are: ROC curve and its area, confusion matrix, precision and recall."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roc:
    """The ROC curve, from (0, 0) to (1, 1)."""

    false_positives: Floats  #: share of background entries above the threshold
    true_positives: Floats  #: share of signal entries above the threshold

    @property
    def area(self) -> float:
        """Return the area under the curve."""
        return float(np.trapezoid(self.true_positives, self.false_positives))


def roc(is_signal: NDArray[np.bool_], scores: Floats) -> Roc | None:
    """Return the curve over all thresholds; None when there is only one class."""
    signal = int(np.count_nonzero(is_signal))
    if signal in (0, len(is_signal)):
        return None
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(is_signal[order])
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of equal scores
    true, false = hits[last], last + 1 - hits[last]
    return Roc(
        false_positives=np.concatenate(([0.0], false / (len(order) - signal))),
        true_positives=np.concatenate(([0.0], true / signal)),
    )


def mean_area(labels: NDArray[np.integer[Any]], scores: Floats) -> float | None:
    """Return the mean over classes of the area of "this class against all others"."""
    curves = [roc(labels == index, scores[:, index]) for index in range(scores.shape[1])]
    areas = [curve.area for curve in curves if curve is not None]
    return float(np.mean(areas)) if areas else None


def confusion(
    labels: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: int
) -> NDArray[np.int64]:
    """Return the matrix: row is the true class, column the predicted one."""
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """How well one class is found."""

    precision: float
    recall: float
    f1: float
    entries: int


def figures(matrix: NDArray[np.int64]) -> tuple[ClassFigures, ...]:
    """Return the figures of each class of a confusion matrix; 0 where nothing was predicted."""
    found = np.diag(matrix)
    predicted, entries = matrix.sum(axis=0), matrix.sum(axis=1)
    precision = found / np.maximum(predicted, 1)
    recall = found / np.maximum(entries, 1)
    f1 = 2 * found / np.maximum(predicted + entries, 1)
    return tuple(
        ClassFigures(precision=float(p), recall=float(r), f1=float(f), entries=int(n))
        for p, r, f, n in zip(precision, recall, f1, entries, strict=True)
    )
