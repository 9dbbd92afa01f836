"""How far predicted numbers are from the true ones: residuals, and the prediction by true value.

Errors are standard errors, from the spread of the entries themselves, each by its weight.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 50
PROFILE_BINS = 20
_CENTRAL = (
    0.005,
    0.995,
)  #: quantiles between which bins lie; what is outside counts in the last ones

Numbers = NDArray[np.float64]


def regression(
    truth: NDArray[Any], predicted: NDArray[Any], weights: NDArray[Any] | None
) -> dict[str, Any]:
    """Return residuals (predicted - true) in bins with mean and spread, and the profile.

    Of weights there are variances of the bins, too: the sums of their squares.

    Args:
        truth: (n,).
        predicted: (n,).
        weights: (n,), or None: all count alike.
    """
    true = np.asarray(truth, np.float64)
    residuals = np.asarray(predicted, np.float64) - true
    own = np.ones(len(true)) if weights is None else np.asarray(weights, np.float64)
    edges = _edges(residuals, BINS)
    where = _bins(residuals, edges)
    counts = np.bincount(where, own, BINS)
    return {
        "residuals": {
            "edges": edges.tolist(),
            "counts": counts.tolist() if weights is not None else counts.astype(int).tolist(),
            **({} if weights is None else {"variances": np.bincount(where, own**2, BINS).tolist()}),
            **_moments(residuals, own),
        },
        "profile": _profile(true, residuals, own),
    }


def _profile(true: Numbers, residuals: Numbers, own: Numbers) -> dict[str, Any]:
    edges = _edges(true, PROFILE_BINS)
    where = _bins(true, edges)
    found = [_moments(residuals[where == one], own[where == one]) for one in range(PROFILE_BINS)]
    return {
        "edges": edges.tolist(),
        "bias": [each["mean"] for each in found],
        "bias_error": [each["mean_error"] for each in found],
        "spread": [each["spread"] for each in found],
        "spread_error": [each["spread_error"] for each in found],
    }


def _moments(values: Numbers, own: Numbers) -> dict[str, float | None]:
    total = own.sum()
    told: dict[str, float | None] = dict.fromkeys(("mean", "mean_error", "spread", "spread_error"))
    if not len(values) or total <= 0:  # negative weights may leave nothing
        return told
    mean = float((own * values).sum() / total)
    off = (values - mean) ** 2
    variance = float((own * off).sum() / total)
    told["mean"] = mean
    if variance >= 0:
        told["spread"] = variance**0.5
    if len(values) > 1:
        told["mean_error"] = float((own**2 * off).sum() ** 0.5 / total)
    if len(values) > 1 and variance > 0:
        off_by = float((own**2 * (off / variance - 1) ** 2).sum() ** 0.5 / total)
        told["spread_error"] = variance**0.5 * off_by / 2
    return told


def _edges(values: Numbers, bins: int) -> Numbers:
    low, high = np.quantile(values, _CENTRAL)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    return edges if (np.diff(edges) > 0).all() else np.linspace(-1, 1, bins + 1) * abs(high) * 2


def _bins(values: Numbers, edges: Numbers) -> NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
