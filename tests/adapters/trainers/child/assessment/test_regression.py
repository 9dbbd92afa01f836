"""Residuals and profile of predicted numbers."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment.regression import regression

RNG = np.random.default_rng(1)
TRUE = RNG.uniform(0, 10, 4000)


def test_residuals_have_the_bias_and_spread_that_was_put_in():
    found = regression(TRUE, TRUE + RNG.normal(0.5, 2.0, 4000), None)["residuals"]

    assert found["mean"] == pytest.approx(0.5, abs=0.15)
    assert found["spread"] == pytest.approx(2.0, abs=0.1)
    assert sum(found["counts"]) == 4000
    assert all(isinstance(each, int) for each in found["counts"])
    assert len(found["edges"]) == len(found["counts"]) + 1


def test_the_profile_shows_where_the_bias_is():
    profile = regression(TRUE, np.where(TRUE > 5, TRUE + 1, TRUE), None)["profile"]
    centres = (np.array(profile["edges"][1:]) + profile["edges"][:-1]) / 2

    assert np.array(profile["bias"])[centres > 5.5] == pytest.approx(1.0)
    assert np.array(profile["bias"])[centres < 4.5] == pytest.approx(0.0)


def test_weights_count():
    weights = np.where(TRUE > 5, 3.0, 1.0)
    found = regression(TRUE, np.where(TRUE > 5, TRUE + 1, TRUE), weights)["residuals"]

    assert found["mean"] == pytest.approx(np.average(TRUE > 5, weights=weights))
    assert sum(found["counts"]) == pytest.approx(weights.sum())


@pytest.mark.parametrize("weighted", [False, True])
def test_errors_are_how_far_mean_and_spread_lie_apart_from_trial_to_trial(weighted):
    random = np.random.default_rng(3)
    weights = random.exponential(1, TRUE.size) if weighted else None
    trials = [
        regression(TRUE, TRUE + random.normal(0.5, 2.0, TRUE.size), weights)["residuals"]
        for _ in range(300)
    ]

    for figure in ("mean", "spread"):
        apart = np.std([each[figure] for each in trials])
        told = np.mean([each[f"{figure}_error"] for each in trials])
        assert told == pytest.approx(apart, rel=0.15)


def test_sums_of_weights_have_variances():
    weights = np.where(TRUE > 5, 3.0, -1.0)

    found = regression(TRUE, TRUE + 1e30 * RNG.normal(size=4000), weights)

    assert sum(found["residuals"]["variances"]) == pytest.approx((weights**2).sum())
    assert np.isfinite(found["residuals"]["spread_error"])
    assert len(found["profile"]["bias_error"]) == len(found["profile"]["bias"])


@pytest.mark.parametrize("value", [0.0, -3.5, 1e20, -1e-300])
def test_values_that_are_all_alike_are_one_bin_of_no_spread(value):
    found = regression(np.full(3, value), np.full(3, value), None)

    assert found["residuals"]["mean"] == 0
    assert max(found["residuals"]["counts"]) == 3
    assert np.all(np.diff(found["profile"]["edges"]) > 0)
    assert sum(each is not None for each in found["profile"]["bias"]) == 1
