"""Sums of weights, and what a training makes of weights."""

import numpy as np
import pytest

from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.data.weights import (
    WeightSum,
    joined_sums,
    of_loss,
    physical,
    summed,
    summed_by_label,
)

STORED = np.array([1.0, -2.0, 3.0], np.float32)
LABELS = np.array([0, 1, 1], np.float32)


@pytest.mark.parametrize(("negative", "total"), [("keep", 2.0), ("abs", 6.0), ("drop", 4.0)])
def test_negative_weights_count_as_is_wanted(negative, total):
    assert summed(STORED, file=0, label=None).total(negative) == total


def test_what_is_no_number_is_counted_and_not_summed():
    found = summed(np.array([1.0, np.nan, np.inf, -1.0]), file=2, label=1.0)

    assert found == WeightSum(
        file=2, label=1.0, entries=4, positive=1.0, negative=-1.0, invalid=2, below=1
    )


def test_sums_of_parts_are_those_of_the_whole_in_any_order():
    random = np.random.default_rng(3)
    weights, labels = random.normal(size=300), random.integers(0, 3, 300)
    parts = [
        one
        for start in range(0, 300, 100)
        for one in summed_by_label(
            weights[start : start + 100], labels[start : start + 100], file=0
        )
    ]

    assert joined_sums(parts) == joined_sums(reversed(parts))
    for found in joined_sums(parts):
        chosen = weights[labels == found.label]
        assert found.total("keep") == pytest.approx(chosen.sum())
        assert found.entries == len(chosen)


def test_without_weights_nobody_has_one():
    assert of_loss(TrainingWeights(), None, LABELS, learns=True) is None


def test_classes_are_balanced_also_without_weights_of_entries():
    weights = TrainingWeights(is_used=True, classes=((0.0, 1.5), (1.0, 0.75)))

    assert of_loss(weights, None, LABELS, learns=True).tolist() == [1.5, 0.75, 0.75]


@pytest.mark.parametrize(
    ("negative", "expected"), [("keep", [2, -4, 6]), ("abs", [2, 4, 6]), ("drop", [2, 0, 6])]
)
def test_the_loss_gets_scaled_weights_and_figures_those_of_the_files(negative, expected):
    weights = TrainingWeights(is_used=True, negative=negative, scale=2.0)

    assert of_loss(weights, STORED, LABELS, learns=True).tolist() == expected
    assert physical(weights, STORED).tolist() == [each / 2 for each in expected]
