"""Whether a score is the share of signal that it says, with how sure that is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.models.shares import Sums, share_interval

BINS = 10
_MOST = 0.2  #: of the entries in one bin; one that holds more is cut where its own fifths lie,
_FEWEST = 100  #: if these are so many, so that each fifth tells something


def calibration(
    is_signal: NDArray[np.bool_], scores: NDArray[Any], weights: NDArray[Any] | None
) -> dict[str, list[float]] | None:
    """Return the mean score, the share of signal and its ends, by bin of the score.

    Bins whose weights sum up to nothing are left out. None: there is only one class.

    Args:
        is_signal: shape (entries,).
        scores: probabilities, of the same shape.
        weights: of the same shape, or None: all count alike.
    """
    inside = np.clip(scores.astype(np.float64), 0, 1)
    edges = _edges(inside)
    bins = len(edges) - 1
    where = np.clip(np.searchsorted(edges, inside, side="right") - 1, 0, bins - 1)
    own = np.ones(len(inside)) if weights is None else weights.astype(np.float64)
    signal, background = (
        Sums.of(where[chosen], own[chosen], bins) for chosen in (is_signal, ~is_signal)
    )
    if not (signal.weights.sum() > 0 and background.weights.sum() > 0):
        return None
    total = signal.weights + background.weights
    kept = total > 0
    signal, background = (
        Sums(each.weights[kept], each.squares[kept]) for each in (signal, background)
    )
    means = np.bincount(where, own * inside, bins)[kept] / total[kept]
    low, high = share_interval(signal, background)
    return {
        # negative weights may pull a mean out of its bin
        "score": np.clip(means, edges[:-1][kept], edges[1:][kept]).tolist(),
        "share": (signal.weights / total[kept]).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
    }


def _edges(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return bins of equal width, finer where most scores are, as of a rare signal near 0."""
    even = np.linspace(0.0, 1.0, BINS + 1)
    counts, _ = np.histogram(scores, even)
    crowded = [
        scores[(low <= scores) & (scores <= high)]
        for low, high, count in zip(even[:-1], even[1:], counts, strict=True)
        if count > max(_MOST * len(scores), _FEWEST)
    ]
    fifths = [np.quantile(each, np.arange(1, 5) / 5) for each in crowded]
    return np.unique(np.concatenate([even, *fifths]))
