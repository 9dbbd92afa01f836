"""How sure a share is: against scipy's interval of counts, and against the spread of many trials."""

import numpy as np
import pytest
from scipy.stats import binomtest

from mlaas4hep.core.models.shares import Sums, share_interval

ONE_SIGMA = 0.6826894921370859


def counted(*numbers):
    return Sums(np.array(numbers, float), np.array(numbers, float))


@pytest.mark.parametrize(("found", "others"), [(0, 7), (7, 0), (1, 1), (3, 40), (900, 100)])
def test_of_counts_it_is_wilsons(found, others):
    low, high = share_interval(counted(found, 5), counted(others, 5))

    expected = binomtest(found, found + others).proportion_ci(ONE_SIGMA, "wilson")
    assert (low[0], high[0]) == (pytest.approx(expected.low), pytest.approx(expected.high))


@pytest.mark.parametrize(("signal", "background"), [(0.01, 1.0), (1.0, 0.01), (3.0, 3.0)])
def test_with_weights_it_holds_as_often_as_it_says(signal, background):
    random = np.random.default_rng(5)
    trials, mean = 4000, (40, 60)
    sums = []
    for typical, entries in zip((signal, background), mean, strict=True):
        numbers = random.poisson(entries, trials)
        weights = random.uniform(0.5, 1.5, numbers.sum()) * typical
        sums.append(Sums.of(np.repeat(np.arange(trials), numbers), weights, trials))
    truth = signal * mean[0] / (signal * mean[0] + background * mean[1])

    low, high = share_interval(*sums)

    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(ONE_SIGMA, abs=0.03)


def test_for_many_entries_it_is_that_of_the_propagated_weights():
    random = np.random.default_rng(6)
    found, others = (
        Sums.of(np.zeros(100_000, int), random.exponential(scale, 100_000), 1) for scale in (0.2, 2)
    )
    total = found.weights + others.weights
    share = found.weights / total
    error = np.sqrt((1 - share) ** 2 * found.squares + share**2 * others.squares) / total

    low, high = share_interval(found, others)

    assert (high - low) / 2 == pytest.approx(error, rel=1e-3)


def test_a_bin_without_signal_has_room_for_one_of_the_usual_weight():
    low, high = share_interval(
        Sums(np.array([0.0, 1.0]), np.array([0.0, 0.01])), counted(50.0, 50.0)
    )

    assert low[0] == 0
    # of 51 entries, one may be signal of weight 0.01
    assert high[0] == pytest.approx(0.01 / (0.01 + 50), rel=0.02)


def test_negative_weights_have_a_symmetric_interval_around_what_was_measured():
    found, others = Sums(np.array([-1.0]), np.array([3.0])), Sums(np.array([9.0]), np.array([9.0]))

    low, high = share_interval(found, others)

    assert (low[0] + high[0]) / 2 == pytest.approx(-1 / 8)
    assert high[0] > 0
