"""How far predicted numbers are from the true ones: residuals, and the prediction by true value."""

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

    Args:
        truth: (n,).
        predicted: (n,).
        weights: (n,), or None: all count alike.
    """
    true = np.asarray(truth, np.float64)
    residuals = np.asarray(predicted, np.float64) - true
    own = np.ones(len(true)) if weights is None else np.asarray(weights, np.float64)
    edges = _edges(residuals, BINS)
    counts = np.bincount(_bins(residuals, edges), own, BINS)
    return {
        "residuals": {
            "edges": edges.tolist(),
            "counts": counts.tolist() if weights is not None else counts.astype(int).tolist(),
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
        "spread": [each["spread"] for each in found],
    }


def _moments(values: Numbers, own: Numbers) -> dict[str, float | None]:
    total = own.sum()
    if not len(values) or total <= 0:  # negative weights may leave nothing
        return {"mean": None, "spread": None}
    mean = float((own * values).sum() / total)
    variance = float((own * (values - mean) ** 2).sum() / total)
    return {"mean": mean, "spread": variance**0.5 if variance >= 0 else None}


def _edges(values: Numbers, bins: int) -> Numbers:
    low, high = np.quantile(values, _CENTRAL)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    return edges if (np.diff(edges) > 0).all() else np.linspace(-1, 1, bins + 1) * abs(high) * 2


def _bins(values: Numbers, edges: Numbers) -> NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
