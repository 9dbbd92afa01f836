"""Correlations of pairs of branches, summed chunk by chunk."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment.correlations import Correlations
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.models.training import Feature

NAMES = ("x", "y", "constant", "jagged")
FEATURES = tuple(
    Feature(name=name, start=start, width=width, low=0.0, high=1.0)
    for name, start, width in zip(NAMES, (0, 1, 2, 3), (1, 1, 1, 2), strict=True)
)
RNG = np.random.default_rng(2)
X = RNG.uniform(0, 1, 20_000).astype(np.float32)
Y = (0.6 * X + 0.4 * RNG.uniform(0, 1, 20_000)).astype(np.float32)


def chunk(x, y, holes=()):
    """Return a chunk with two branches, a constant one, and a jagged one that is empty."""
    values = np.zeros((len(x), 5), np.float32)
    values[:, 0], values[:, 1], values[:, 2] = x, y, 0.5
    counts = np.zeros((1, len(x)), np.uint8)
    zeros = np.zeros(len(x), np.float32)
    return decode(encode(values, zeros, widths=(2,), counts=counts, holes=np.array(holes, int)))


def test_they_are_those_of_numpy_over_all_chunks_together():
    correlations = Correlations(FEATURES)
    correlations.add(chunk(X[:5], Y[:5]))
    correlations.add(chunk(X[5:], Y[5:]))
    found = correlations.result()

    assert found["branches"] == ["x", "y", "constant"]
    assert found["matrix"][0][1] == pytest.approx(np.corrcoef(X, Y)[0, 1], abs=1e-6)
    assert found["matrix"][1][0] == pytest.approx(found["matrix"][0][1])
    assert found["matrix"][0][0] == pytest.approx(1.0)
    assert found["matrix"][2] == [None, None, None]


def test_weights_count():
    weights = RNG.uniform(0.5, 2, len(X)).astype(np.float32)
    correlations = Correlations(FEATURES)
    correlations.add(chunk(X, Y), weights)

    covariance = np.cov(X, Y, aweights=weights)
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert correlations.result()["matrix"][0][1] == pytest.approx(expected, abs=1e-5)


def test_an_entry_without_one_value_counts_for_the_other_pairs_only():
    correlations = Correlations(FEATURES)
    correlations.add(chunk(np.r_[X, 0.0], np.r_[Y, 1.0], holes=[len(X) * 5]))  # x of the last entry

    found = correlations.result()["matrix"]
    assert found[0][1] == pytest.approx(np.corrcoef(X, Y)[0, 1], abs=1e-6)


def test_without_such_branches_there_is_nothing():
    correlations = Correlations(FEATURES[3:])
    correlations.add(chunk(X[:5], Y[:5]))

    assert correlations.result() == {"branches": [], "matrix": []}
