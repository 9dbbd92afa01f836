"""How good a model is, in points and bins: what a page needs to draw it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.assessment.calibration import calibration
from mlaas4hep.adapters.trainers.child.assessment.evaluation import SetFigures, class_names
from mlaas4hep.adapters.trainers.child.assessment.histograms import Histogram
from mlaas4hep.adapters.trainers.child.assessment.regression import regression
from mlaas4hep.core.models.figures import Roc, area_error, roc

BINS = 50
_POINTS = 200  #: of a ROC curve, as far from each other along it
_RARE = np.geomspace(1e-5, 0.1, 50)  #: shares of background where it has a point, too
_USUAL = 0.99  #: share of scores without an end that lie inside of the bins
_MOST_CLASSES = 30  #: of more, nobody reads the scores of each by the true class of all


def quality(
    figures: Sequence[SetFigures],
    scores: dict[str, tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]],
    names: tuple[str, ...],
    *,
    endless: bool = False,
) -> dict[str, Any]:
    """Return ROC points, scores in bins by class, and the confusion matrix of each set.

    Args:
        scores: labels (n,), scores (n, outputs) and weights (n,), if any, of each set.
        names: of the classes, or nothing.
        endless: scores are errors from 0 on, as of an autoencoder, and no probabilities.
    """
    edges = _usual(scores[each.name][1] for each in figures) if endless else None
    return {each.name: _set(each, scores[each.name], names, edges) for each in figures}


def _usual(scores: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Return the edges of bins that most scores of all sets lie inside of."""
    found = np.concatenate([np.zeros(1), *(each.reshape(-1) for each in scores)])
    return np.linspace(0.0, float(np.quantile(found, _USUAL)) or 1.0, BINS + 1)


def histograms(found: Sequence[Histogram], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return each branch's counts, of all and by class, with edges before and after normalisation."""
    return [
        {
            "branch": each.name,
            "counts": each.counts.tolist(),
            "by_class": {_name(one, names): of.tolist() for one, of in each.by_class.items()},
            **_variances(each, names),
            "edges": each.before.tolist(),
            "normalised_edges": each.after.tolist(),
        }
        for each in found
    ]


def _variances(found: Histogram, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the sums of squares of weights; nothing where entries are counted, which are their own."""
    if found.variances is None:
        return {}
    by_class = {_name(one, names): of.tolist() for one, of in found.variances_by_class.items()}
    return {"variances": found.variances.tolist(), "variances_by_class": by_class}


def _name(label: int, names: tuple[str, ...]) -> str:
    return names[label] if 0 <= label < len(names) else str(label)


def _set(
    each: SetFigures,
    scored: tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None],
    names: tuple[str, ...],
    edges: NDArray[Any] | None,
) -> dict[str, Any]:
    labels, scores, weights = scored
    told: dict[str, Any] = {
        "entries": each.entries,
        "sum_of_weights": each.weight,
        "auc": each.auc,
        "auc_error": each.auc_error,
        "rmse": each.error,
        "rmse_error": each.error_error,
    }
    if each.curve is not None:
        told["roc"] = _points(each.curve)
    if each.matrix is not None:
        told["classes"] = class_names(len(each.matrix), names)
        told["confusion"] = each.matrix.tolist()
        told["scores"] = _scores(labels, scores, weights, len(each.matrix), edges)
        if len(each.matrix) == 2 and edges is None and not (labels < 0).any():  # noqa: PLR2004
            told["calibration"] = calibration(labels > 0.5, scores[:, -1], weights)  # noqa: PLR2004
        if each.is_of_several_classes:
            told["rocs"] = _each_against_rest(labels, scores, weights, told["classes"])
            if len(each.matrix) <= _MOST_CLASSES:
                told["class_scores"] = _class_scores(labels, scores, weights)
    elif each.error is not None and len(labels) and _is_one_number(labels, scores):
        told |= regression(labels, scores.reshape(-1), weights)
    return told


def _is_one_number(labels: NDArray[Any], scores: NDArray[Any]) -> bool:
    return labels.ndim == 1 and scores.size == len(labels)


def _each_against_rest(
    labels: NDArray[Any],
    scores: NDArray[Any],
    weights: NDArray[Any] | None,
    classes: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the curve of each class that has entries, told from all others by its own score."""
    truth = np.rint(labels).astype(np.int64)
    told = []
    for index, name in enumerate(classes):
        is_it, own = truth == index, scores[:, index]
        curve = roc(is_it, own, weights)
        if curve is not None:
            error = area_error(is_it, own, weights)
            shares = {"calibration": calibration(is_it, own, weights)}
            found = {"class": name, "auc": curve.area, "auc_error": error}
            told.append(found | _points(curve) | shares)
    return told


def _points(curve: Roc) -> dict[str, list[float | None]]:
    """Return the points that a drawing needs, with the thresholds; nothing is above the first."""
    # with negative weights shares may fall, too
    passing = np.maximum.accumulate(curve.false_positives)
    along = np.maximum.accumulate(curve.false_positives + curve.true_positives)
    even = np.searchsorted(along, np.linspace(0.0, along[-1], _POINTS))
    keep = np.unique(np.concatenate((even, np.searchsorted(passing, _RARE), [len(along) - 1])))
    return {
        "false_positives": curve.false_positives[keep].tolist(),
        "true_positives": curve.true_positives[keep].tolist(),
        "thresholds": [None, *curve.thresholds[keep[1:]].tolist()],
    }


def _scores(
    labels: NDArray[Any],
    scores: NDArray[Any],
    weights: NDArray[Any] | None,
    classes: int,
    edges: NDArray[Any] | None,
) -> dict[str, Any]:
    """Return the score of the last class (the only output, if there is one) by true class.

    Two classes may be -1 and 1.
    """
    if edges is None:
        edges = np.linspace(-1.0 if (labels < 0).any() else 0.0, 1.0, BINS + 1)
    truth = (labels > 0.5 if classes == 2 else np.rint(labels)).astype(np.int64)  # noqa: PLR2004
    return {
        "edges": edges.tolist(),
        **_binned(scores[:, -1], truth, weights, edges, classes),
    }


def _class_scores(
    labels: NDArray[Any], scores: NDArray[Any], weights: NDArray[Any] | None
) -> dict[str, Any]:
    """Return the score of each class by true class: a list for each class, of one for each."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    truth = np.rint(labels).astype(np.int64)
    each = [_binned(own, truth, weights, edges, scores.shape[1]) for own in scores.T]
    return {"edges": edges.tolist(), **{key: [one[key] for one in each] for key in each[0]}}


def _binned(
    own: NDArray[Any],
    truth: NDArray[np.int64],
    weights: NDArray[Any] | None,
    edges: NDArray[Any],
    classes: int,
) -> dict[str, list[list[float]]]:
    """Return how many scores are in each bin, by true class; the outermost have what is outside.

    Of weights there are variances, too: the sums of their squares.
    """
    inside = np.clip(own, edges[0], edges[-1])

    def counts(weighted: NDArray[Any] | None) -> list[list[float]]:
        # NumPy's last bin is closed, which 1.0 needs; boost-histogram's are all open above
        return [
            np.histogram(
                inside[truth == one],
                edges,
                weights=None if weighted is None else weighted[truth == one],
            )[0].tolist()
            for one in range(classes)
        ]

    if weights is None:
        return {"counts": counts(None)}
    return {"counts": counts(weights), "variances": counts(weights**2)}
