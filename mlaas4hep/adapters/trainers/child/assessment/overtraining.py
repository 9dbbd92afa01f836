"""Whether a model knows what it learned from better than what it never saw, class by class.

Scores of one class in the training part and in the held-out part are compared by the two-sample
Kolmogorov-Smirnov test: a small p-value says that they are not spread alike. The score is that of
the signal; with more than two classes each class is compared by the score of itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.assessment import kolmogorov

BINS = 40
_EXACT = 10_000  #: entries up to which p-values are exact

Scores = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]  #: labels, outputs, weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The scores of one label in two parts of the entries."""

    train: Scores  #: what was learned from
    held_out: Scores  #: what was not
    names: Sequence[str]  #: of the classes, in order


def compared(pairs: Sequence[Pair], name: str) -> dict[str, Any]:
    """Return the comparison of two parts of the entries; the held-out one is called `name`."""
    every = np.concatenate(
        [_compared_scores(part) for pair in pairs for part in (pair.train, pair.held_out)]
    )
    edges = np.histogram_bin_edges(every, BINS, _range(every))
    classes = [
        _of_class(pair.train, pair.held_out, index, label, edges)
        for pair in pairs
        for index, label in enumerate(pair.names)
    ]
    return {"held_out": name, "edges": edges.tolist(), "classes": classes}


def _of_class(
    train: Scores, held_out: Scores, index: int, label: str, edges: NDArray[Any]
) -> dict[str, Any]:
    (first, first_weights), (second, second_weights) = (
        _chosen(train, index),
        _chosen(held_out, index),
    )
    told: dict[str, Any] = {
        "class": label,
        "train_entries": len(first),
        "held_out_entries": len(second),
        "train": _counts(first, edges, first_weights),
        "held_out": _counts(second, edges, second_weights),
        "ks": None,
        "p_value": None,
    }
    for part, values, weights in (
        ("train", first, first_weights),
        ("held_out", second, second_weights),
    ):
        if weights is not None:
            told[f"{part}_variances"] = _counts(values, edges, weights**2)
    if len(first) and len(second):
        told["ks"], told["p_value"] = kolmogorov_smirnov(
            first, second, first_weights, second_weights
        )
    return told


def kolmogorov_smirnov(
    first: NDArray[Any],
    second: NDArray[Any],
    first_weights: NDArray[Any] | None = None,
    second_weights: NDArray[Any] | None = None,
) -> tuple[float | None, float | None]:
    """Return the largest distance of both distributions, and how likely a larger one is.

    With weights, samples count as many entries as (sum w)^2 / sum w^2, and the p-value is that of
    large samples.
    """
    weights = [
        np.ones(len(values)) if given is None else given
        for values, given in ((first, first_weights), (second, second_weights))
    ]
    if not min(each.sum() for each in weights) > 0:
        return None, None
    points = np.concatenate((first, second))
    shares = [
        _share_up_to(points, values, each)
        for values, each in zip((first, second), weights, strict=True)
    ]
    distance = float(np.abs(shares[0] - shares[1]).max())
    is_plain = first_weights is None or second_weights is None
    if is_plain and max(len(first), len(second)) <= _EXACT:
        return distance, kolmogorov.exact(distance, len(first), len(second))
    m, n = (each.sum() ** 2 / (each**2).sum() for each in weights)
    return distance, kolmogorov.limit(distance, float(m * n / (m + n)))


def _share_up_to(points: NDArray[Any], values: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    order = np.argsort(values, kind="stable")
    sums = np.concatenate(([0.0], np.cumsum(weights[order], dtype=np.float64)))
    shares: NDArray[Any] = sums[np.searchsorted(values[order], points, "right")] / sums[-1]
    return shares


def _compared_scores(scores: Scores) -> NDArray[Any]:
    """Return all scores that are compared, of whatever class."""
    outputs = scores[1]
    return outputs.reshape(-1) if _is_of_several_classes(outputs) else outputs[:, -1]


def _is_of_several_classes(outputs: NDArray[Any]) -> bool:
    return bool(outputs.shape[1] > 2)  # noqa: PLR2004 - two outputs tell the same of signal


def _chosen(scores: Scores, index: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
    labels, outputs, weights = scores
    low = labels < 0
    truth = np.where(low, 0, np.rint(labels)).astype(np.int64)  # -1 and 1 are classes 0 and 1
    chosen = truth == index
    column = index if _is_of_several_classes(outputs) else -1
    return outputs[chosen, column], None if weights is None else weights[chosen]


def _range(values: NDArray[Any]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def _counts(values: NDArray[Any], edges: NDArray[Any], weights: NDArray[Any] | None) -> list[float]:
    # NumPy's last bin is closed, which 1.0 needs; boost-histogram's are all open above
    counts: list[float] = np.histogram(values, edges, weights=weights)[0].tolist()
    return counts
