"""Whether scores are the shares of signal that they say."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment.calibration import calibration


def drawn(chances, seed=7):
    random = np.random.default_rng(seed)
    return random.uniform(size=len(chances)) < chances


@pytest.mark.parametrize("weighted", [False, True])
def test_honest_scores_lie_within_their_ends_as_often_as_these_say(weighted):
    random = np.random.default_rng(8)
    inside = []
    for seed in range(100):
        scores = random.uniform(size=2000)
        # weights that do not depend on the class leave the share as it is
        weights = random.uniform(0.2, 3, 2000) if weighted else None
        told = calibration(drawn(scores, seed), scores, weights)
        inside += [
            low <= score <= high
            for score, low, high in zip(told["score"], told["low"], told["high"], strict=True)
        ]

    assert len(inside) == 1000
    assert np.mean(inside) == pytest.approx(0.683, abs=0.04)


def test_points_lie_at_the_mean_score_of_their_bin():
    scores = np.array([0.01, 0.03, 0.81, 0.89])

    told = calibration(np.array([False, False, True, False]), scores, np.array([1.0, 3, 1, 1]))

    assert told["score"][-1] == pytest.approx(0.85)
    assert told["share"][-1] == 0.5


def test_where_most_scores_lie_there_are_more_points():
    random = np.random.default_rng(9)
    scores = random.uniform(0, 0.03, 5000)

    told = calibration(drawn(scores), scores, None)

    assert len(told["score"]) == 5
    assert max(told["score"]) < 0.03


def test_bins_that_weights_empty_and_sets_of_one_class_have_none():
    signal, scores = np.array([True, False, True, False]), np.array([0.05, 0.05, 0.95, 0.95])

    told = calibration(signal, scores, np.array([1.0, -1.0, 1.0, 3.0]))

    assert [told[key] for key in ("score", "share")] == [[0.95], [0.25]]
    assert calibration(np.array([True, True]), np.array([0.1, 0.9]), None) is None
    assert calibration(signal, scores, np.array([1.0, -1.0, 1.0, -1.0])) is None
