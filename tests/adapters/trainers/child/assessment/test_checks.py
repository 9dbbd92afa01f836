"""Over-training and importance."""

import numpy as np
import pytest
from scipy import special, stats
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score

from mlaas4hep.adapters.trainers.child.assessment.checktext import to_text
from mlaas4hep.adapters.trainers.child.assessment.importance import HeldOutEntries, importance
from mlaas4hep.adapters.trainers.child.assessment.overtraining import (
    Pair,
    compared,
    kolmogorov_smirnov,
)
from mlaas4hep.core.models.figures import roc
from mlaas4hep.core.models.training import BranchColumns


def scored(random, entries, shift=0.0):
    labels = random.integers(0, 2, entries).astype(np.float32)
    scores = np.clip(0.5 + 0.2 * random.normal(size=entries) + shift * (labels - 0.5), 0, 1)
    return labels, scores[:, None].astype(np.float32), None


@pytest.mark.parametrize("seed", [1, 2])
def test_parts_are_compared_as_scipy_compares_them(seed):
    random = np.random.default_rng(seed)
    train, test = scored(random, 400, 0.3), scored(random, 150, 0.1)

    found = compared([Pair(train=train, held_out=test, names=("qcd", "higgs"))], "test")["classes"][
        1
    ]

    expected = stats.ks_2samp(train[1][train[0] == 1, 0], test[1][test[0] == 1, 0])
    assert (found["ks"], found["p_value"]) == pytest.approx(
        (expected.statistic, expected.pvalue), rel=1e-6
    )
    assert sum(found["train"]) == found["train_entries"]


def test_each_of_several_classes_is_compared_by_its_own_score():
    random = np.random.default_rng(3)
    parts = [(random.integers(0, 3, size), random.random((size, 3)), None) for size in (300, 90)]

    found = compared([Pair(train=parts[0], held_out=parts[1], names=tuple("abc"))], "test")

    own = [[outputs[labels == one, one] for labels, outputs, _ in parts] for one in range(3)]
    expected = [stats.ks_2samp(*each).statistic for each in own]
    assert [each["ks"] for each in found["classes"]] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second"), [(1, 1), (3, 2), (7, 7), (12, 9), (20, 4), (300, 301), (900, 1000)]
)
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_p_values_are_exact_for_samples_of_any_size(first, second, shift):
    random = np.random.default_rng([first, second])
    one, other = random.normal(size=first), random.normal(shift, 1, size=second).round(1)

    found = kolmogorov_smirnov(one, other)

    expected = stats.ks_2samp(one, other, method="exact")
    assert found == pytest.approx((expected.statistic, expected.pvalue), rel=1e-6)


def test_samples_that_have_nothing_in_common_are_told_by_a_small_number_that_is_not_0():
    distance, likely = kolmogorov_smirnov(np.zeros(500), np.ones(500))

    assert distance == 1.0
    assert 0 < likely < 1e-100


def test_equal_weights_change_nothing_but_the_kind_of_p_value():
    random = np.random.default_rng(1)
    first, second = random.normal(size=900), random.normal(0.1, 1, size=700)

    distance = stats.ks_2samp(first, second).statistic
    weighted = kolmogorov_smirnov(first, second, np.full(900, 2.0), np.full(700, 0.5))

    limit = special.kolmogorov(distance * np.sqrt(900 * 700 / 1600))
    assert weighted == pytest.approx((distance, limit), rel=1e-9)


def test_p_values_of_weighted_samples_that_are_alike_are_spread_evenly():
    random = np.random.default_rng(1)
    found = [
        kolmogorov_smirnov(
            random.normal(size=300),
            random.normal(size=300),
            random.exponential(size=300),
            random.exponential(size=300),
        )[1]
        for _ in range(300)
    ]

    assert stats.kstest(found, "uniform").statistic < 0.15


class FirstColumn:
    """A model that looks at one column only."""

    def predict(self, block):
        return block.x[block.order, :1]


def test_only_what_the_model_looks_at_counts():
    random = np.random.default_rng(4)
    x = random.random((2000, 3), dtype=np.float32)
    held_out = HeldOutEntries(
        name="test", x=x, labels=(x[:, 0] > 0.5).astype(np.float32), weights=None
    )
    branches = (
        BranchColumns(name="met", start=1, width=2),
        BranchColumns(name="pt", start=0, width=1),
    )

    def area(labels, outputs, weights):
        return roc(labels > 0.5, outputs[:, 0], weights).area

    found = importance(FirstColumn(), held_out, branches, area, seed=3)

    assert found["whole"] == 1.0
    assert [one["branch"] for one in found["branches"]] == ["pt", "met"]
    assert found["branches"][0]["drop"] == pytest.approx(0.5, abs=0.05)
    assert found["branches"][1]["drop"] == 0.0
    assert "pt 0.5" in to_text({"overtraining": None, "importance": found})


class Linear:
    """A model that scikit-learn can ask, too."""

    def __init__(self, slopes):
        self._slopes = np.array(slopes, np.float32)

    def predict(self, block):
        return (block.x[block.order] @ self._slopes)[:, None]

    def fit(self, *_):
        raise NotImplementedError  # scikit-learn wants to see it there

    def score(self, x, labels, sample_weight):
        return roc_auc_score(labels, x @ self._slopes, sample_weight=sample_weight)


def test_weighted_importances_are_those_of_scikit_learn():
    random = np.random.default_rng(6)
    x = random.random((4000, 3), dtype=np.float32)
    labels = (x @ [1.0, 0.5, 0.0] + 0.2 * random.normal(size=4000) > 0.75).astype(np.float32)
    weights = (0.1 + 5 * x[:, 1]).astype(np.float32)
    model = Linear([1.0, 0.5, 0.1])
    held_out = HeldOutEntries(name="test", x=x, labels=labels, weights=weights)
    branches = tuple(BranchColumns(name=f"x{i}", start=i, width=1) for i in range(3))

    def area(labels, outputs, weights):
        return roc(labels > 0.5, outputs[:, 0], weights).area

    found = importance(model, held_out, branches, area, seed=3)

    due = permutation_importance(
        model, x, labels, sample_weight=weights, n_repeats=20, random_state=1
    )
    assert found["whole"] == pytest.approx(model.score(x, labels, weights), abs=1e-9)
    drops = {one["branch"]: one["drop"] for one in found["branches"]}
    assert [drops[f"x{i}"] for i in range(3)] == pytest.approx(due.importances_mean, abs=0.01)


def test_a_few_entries_say_nothing():
    x = np.zeros((20, 1), np.float32)
    held_out = HeldOutEntries(name="val", x=x, labels=x[:, 0], weights=None)

    assert importance(FirstColumn(), held_out, (), lambda *_: 1.0, seed=1) is None
