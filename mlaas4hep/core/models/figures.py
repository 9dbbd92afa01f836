"""How good scores are: ROC curve, its area and uncertainty, confusion matrix, precision and recall.

Every figure takes weights of entries, or None where all count alike.
"""

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
    thresholds: Floats  #: entries of at least this score are above; the first is infinite

    @property
    def area(self) -> float:
        """Return the area under the curve."""
        return float(np.trapezoid(self.true_positives, self.false_positives))


def roc(is_signal: NDArray[np.bool_], scores: Floats, weights: Floats | None = None) -> Roc | None:
    """Return the curve over all thresholds; None when there is only one class.

    Args:
        is_signal: shape (entries,).
        scores: the same shape; the higher, the more like signal.
        weights: the same shape; None: all entries count alike.
    """
    if int(np.count_nonzero(is_signal)) in (0, len(is_signal)):
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of equal scores
    counts = np.ones(len(order)) if weights is None else weights[order].astype(np.float64)
    signal = is_signal[order]
    true = np.cumsum(counts * signal)[last]
    false = np.cumsum(counts * ~signal)[last]
    if not (true[-1] > 0 and false[-1] > 0):
        return None
    return Roc(
        false_positives=np.concatenate(([0.0], false / false[-1])),
        true_positives=np.concatenate(([0.0], true / true[-1])),
        thresholds=np.concatenate(([np.inf], scores[order][last])),
    )


def area_error(
    is_signal: NDArray[np.bool_], scores: Floats, weights: Floats | None = None
) -> float | None:
    """Return the standard error of the area under the curve; None with fewer than two of a class.

    After E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988) 837, with the
    ranks of X. Sun and W. Xu, IEEE Signal Processing Letters 21 (2014) 1389. With weights each
    entry counts as often as its weight says, and the spread of its placement value by the square.
    """
    counts = np.ones(len(scores)) if weights is None else weights.astype(np.float64)
    shifts = _shifts(is_signal, scores, counts)
    return None if shifts is None else float(np.sqrt((shifts**2).sum()))


def _shifts(is_signal: NDArray[np.bool_], scores: Floats, counts: Floats) -> Floats | None:
    """Return how far each entry moves the area under the curve: their squares sum to its variance.

    None where the area has no spread that could be known.
    """
    signal, background = scores[is_signal], scores[~is_signal]
    if min(len(signal), len(background)) < 2:  # noqa: PLR2004 - one entry has no spread
        return None
    of_signal, of_background = counts[is_signal], counts[~is_signal]
    if not (of_signal.sum() > 0 and of_background.sum() > 0):
        return None
    shifts = np.empty(len(scores))
    above = _share_below(signal, background, of_background)
    shifts[is_signal] = _from_the_mean(above, of_signal)
    below = 1 - _share_below(background, signal, of_signal)
    shifts[~is_signal] = _from_the_mean(below, of_background)
    return shifts


def _share_below(scores: Floats, others: Floats, weights: Floats) -> Floats:
    """Return the share of `others` below each score, those that are equal by half."""
    order = np.argsort(others, kind="stable")
    sums = np.concatenate(([0.0], np.cumsum(weights[order])))
    left = sums[np.searchsorted(others[order], scores, "left")]
    right = sums[np.searchsorted(others[order], scores, "right")]
    share: Floats = (left + right) / (2 * sums[-1])
    return share


def _from_the_mean(values: Floats, weights: Floats) -> Floats:
    """Return what each of `values` adds to their weighted mean, beside the mean itself."""
    total, n = weights.sum(), len(values)
    mean = (values * weights).sum() / total
    moved: Floats = weights * (values - mean) / total * np.sqrt(n / (n - 1))
    return moved


def mean_area(
    labels: NDArray[np.integer[Any]], scores: Floats, weights: Floats | None = None
) -> float | None:
    """Return the mean over classes of the area of "this class against all others".

    Args:
        labels: numbers of classes, shape (entries,).
        scores: shape (entries, classes).
        weights: shape (entries,); None: all entries count alike.
    """
    curves = [roc(labels == index, scores[:, index], weights) for index in range(scores.shape[1])]
    areas = [curve.area for curve in curves if curve is not None]
    return float(np.mean(areas)) if areas else None


def mean_area_error(
    labels: NDArray[np.integer[Any]], scores: Floats, weights: Floats | None = None
) -> float | None:
    """Return the standard error of `mean_area`; None where that of a class is not known.

    The areas of the classes are of the same entries, so what one entry does to each of them is
    added up before it is squared.
    """
    counts = np.ones(len(scores)) if weights is None else weights.astype(np.float64)
    separable = [
        index for index in range(scores.shape[1]) if 0 < (labels == index).sum() < len(labels)
    ]
    shifts = [_shifts(labels == index, scores[:, index], counts) for index in separable]
    known = [each for each in shifts if each is not None]
    if not known or len(known) < len(shifts):
        return None
    return float(np.sqrt((np.mean(known, axis=0) ** 2).sum()))


def root_mean(squares: Floats, weights: Floats | None = None) -> tuple[float, float | None]:
    """Return the root of a mean of squares, and its standard error; None of fewer than two."""
    own = np.ones(len(squares)) if weights is None else weights.astype(np.float64)
    mean = max(float(np.average(squares, weights=own)), 0.0)
    if len(squares) < 2 or not mean > 0:  # noqa: PLR2004 - one entry has no spread
        return mean**0.5, None
    relative = np.sqrt((own**2 * (squares / mean - 1) ** 2).sum()) / own.sum()
    return mean**0.5, float(mean**0.5 * relative / 2)


def confusion(
    labels: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    classes: int,
    weights: Floats | None = None,
) -> NDArray[Any]:
    """Return the matrix: row is the true class, column the predicted one.

    It counts entries as whole numbers, or sums up their weights.
    """
    cells = np.bincount(labels * classes + predicted, weights, minlength=classes * classes)
    matrix: NDArray[Any] = cells.reshape(classes, classes)
    return matrix if weights is not None else matrix.astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """How well one class is found."""

    precision: float
    recall: float
    f1: float
    entries: float  #: or the sum of their weights


def figures(matrix: NDArray[Any]) -> tuple[ClassFigures, ...]:
    """Return the figures of each class of a confusion matrix.

    They are 0 where nothing was predicted, or where weights sum up to less than nothing.
    """
    found = np.diag(matrix).astype(np.float64)
    predicted, entries = matrix.sum(axis=0), matrix.sum(axis=1)
    precision = _share(found, predicted)
    recall = _share(found, entries)
    f1 = _share(2 * found, predicted + entries)
    return tuple(
        ClassFigures(precision=float(p), recall=float(r), f1=float(f), entries=n.item())
        for p, r, f, n in zip(precision, recall, f1, entries, strict=True)
    )


def _share(parts: Floats, wholes: Floats) -> Floats:
    """Return the share of each part in its whole; 0 where the whole is not positive."""
    return np.divide(parts, wholes, out=np.zeros(len(parts)), where=wholes > 0)
