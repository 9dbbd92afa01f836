"""Figures of weighted entries, recomputed by hand and with scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from mlaas4hep.adapters.trainers.child.assessment import evaluation, overtraining
from mlaas4hep.adapters.trainers.child.assessment.evaluation import Evaluation
from mlaas4hep.adapters.trainers.child.assessment.overtraining import Pair
from mlaas4hep.adapters.trainers.child.splitchunk import SplitChunk
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.models.sample.split import Split
from mlaas4hep.core.models.training import ModelSummary
from mlaas4hep.core.requests.request import MetricsRequest

ENTRIES = 2000
SUMMARY = ModelSummary(
    parameters=0, layers=(), input_width=1, output_shape=(1,), loss="log_loss", task="binary"
)


class Itself:
    """A model whose score of an entry is its only column."""

    summary = SUMMARY

    def predict(self, block):
        return block.x[block.order]


@pytest.fixture
def entries():
    """Return scores, labels and weights, some of them negative."""
    random = np.random.default_rng(5)
    labels = (random.random(ENTRIES) < 0.4).astype(np.float32)
    scores = np.clip(random.normal(0.4 + 0.2 * labels, 0.2), 0, 1).astype(np.float32)
    return scores, labels, random.normal(1, 0.6, ENTRIES).astype(np.float32)


def evaluated(scores, labels, weights):
    """Return what is collected of one chunk: a half trains, a quarter validates, and the rest tests."""
    chunk = decode(encode(scores[:, None], labels))
    train, rest = np.arange(ENTRIES // 2), np.arange(ENTRIES // 2, ENTRIES)
    split = Split(train=train, validation=rest[::2], test=rest[1::2])
    found = Evaluation(Itself())
    found.add(SplitChunk(index=0, chunk=chunk, x=chunk.x, split=split, physical=weights))
    return found, split


def area(scores, is_signal, weights):
    """Return the weighted share of pairs in order; scikit-learn takes no negative weights there."""
    signal, background = scores[is_signal][:, None], scores[~is_signal][None]
    in_order = (signal > background) + 0.5 * (signal == background)
    pairs = weights[is_signal][:, None] * weights[~is_signal][None]
    return (in_order * pairs).sum() / pairs.sum()


@pytest.mark.parametrize("unit", [1.0, 1e30, 3e34, 1e-30])
def test_figures_are_right_in_whatever_unit_weights_are(entries, unit):
    scores, labels, plain = entries
    weights = plain * np.float32(unit)
    found, split = evaluated(scores, labels, weights)

    figures = found.figures("binary", MetricsRequest(wanted=True))

    for one, rows in zip(figures, (split.test, split.validation, split.train), strict=True):
        exact = weights[rows].astype(np.float64)
        given = {"sample_weight": exact}
        assert one.weight == pytest.approx(exact.sum(), rel=1e-12)
        assert one.auc == pytest.approx(area(scores[rows], labels[rows] > 0.5, exact))
        matrix = confusion_matrix(labels[rows] > 0.5, scores[rows] >= 0.5, **given)
        np.testing.assert_allclose(one.matrix, matrix, rtol=1e-12)
        told = evaluation.to_json((one,), ())[one.name]["classes"]["1"]
        assert told["recall"] == pytest.approx(matrix[1, 1] / matrix[1].sum())


@pytest.mark.parametrize("unit", [1e30, 3e34, 1e-30])
def test_over_training_is_the_same_in_whatever_unit_weights_are(entries, unit):
    def compared(factor):
        scores, labels, plain = entries
        parts = evaluated(scores, labels, plain * np.float32(factor))[0].scores()
        pair = Pair(train=parts["train"], held_out=parts["test"], names=("0", "1"))
        return overtraining.compared([pair], "test")["classes"]

    for one, due in zip(compared(unit), compared(1.0), strict=True):
        assert (one["ks"], one["p_value"]) == pytest.approx((due["ks"], due["p_value"]), rel=1e-5)
        np.testing.assert_allclose(np.array(one["held_out"]) / unit, due["held_out"], rtol=1e-4)
