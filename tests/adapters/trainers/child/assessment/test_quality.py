"""What a page is told of a model: points and bins."""

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from mlaas4hep.adapters.trainers.child.assessment.evaluation import SetFigures
from mlaas4hep.adapters.trainers.child.assessment.histograms import Histogram
from mlaas4hep.adapters.trainers.child.assessment.quality import histograms, quality
from mlaas4hep.core.models import figures

LABELS = np.array([0, 0, 1, 1], np.float32)
SCORES = np.array([[0.1], [0.6], [0.4], [0.9]], np.float32)


def told(names=()):
    signal = LABELS > 0.5
    matrix = figures.confusion(signal.astype(np.int64), (SCORES[:, 0] >= 0.5).astype(np.int64), 2)
    curve = figures.roc(signal, SCORES[:, 0])
    test = SetFigures(name="test", entries=4, auc=curve.area, matrix=matrix, curve=curve)
    return quality([test], {"test": (LABELS, SCORES, None)}, names)["test"]


def test_the_points_are_those_of_the_curve():
    points = told()["roc"]

    area = np.trapezoid(points["true_positives"], points["false_positives"])
    assert area == pytest.approx(told()["auc"])


@pytest.mark.parametrize("weighted", [False, True])
def test_few_points_are_close_to_the_curve_of_scikit_learn_where_signal_is_rare(weighted):
    random = np.random.default_rng(4)
    labels = np.repeat([0.0, 1.0], (50_000, 200))
    scores = 1 / (1 + np.exp(-random.normal(6 * labels - 7, 1.5)))
    weights = random.uniform(0.5, 2, len(labels)) if weighted else None
    curve = figures.roc(labels > 0.5, scores, weights)
    test = SetFigures(name="test", entries=len(labels), auc=1.0, matrix=np.eye(2), curve=curve)

    told = quality([test], {"test": (labels, scores[:, None], weights)}, ())["test"]["roc"]

    false, true, _thresholds = roc_curve(
        labels, scores, sample_weight=weights, drop_intermediate=False
    )
    assert len(told["thresholds"]) < 260
    assert told["thresholds"][0] is None
    far = np.abs(false[:, None] - told["false_positives"]) + np.abs(
        true[:, None] - told["true_positives"]
    )
    assert far.min(axis=1).max() < 0.011
    weight = np.ones(len(labels)) if weights is None else weights
    for kind, of in (("false_positives", labels < 0.5), ("true_positives", labels > 0.5)):
        kept = [weight[of & (scores >= each)].sum() for each in told["thresholds"][1:]]
        assert told[kind][1:] == pytest.approx(kept / weight[of].sum())


def test_errors_of_an_autoencoder_have_bins_where_they_are():
    labels = np.zeros(100)
    errors = np.linspace(0.001, 0.002, 100)[:, None]
    sets = [
        SetFigures(name=name, entries=100, auc=None, matrix=np.eye(2), curve=None)
        for name in ("test", "train")
    ]
    scored = {"test": (labels, errors, None), "train": (labels, 2 * errors, None)}

    told = quality(sets, scored, (), endless=True)

    edges = told["test"]["scores"]["edges"]
    assert edges == told["train"]["scores"]["edges"]
    assert (edges[0], edges[-1]) == (0, pytest.approx(0.004, rel=0.02))
    assert np.count_nonzero(told["test"]["scores"]["counts"][0]) > 10
    assert sum(told["train"]["scores"]["counts"][0]) == 100


def test_scores_are_counted_by_true_class():
    scores = told()["scores"]

    assert [sum(counts) for counts in scores["counts"]] == [2, 2]
    assert told()["calibration"]["share"] == [0, 1, 0, 1]
    assert len(scores["edges"]) == len(scores["counts"][0]) + 1


def test_labels_of_minus_one_and_one_have_their_scores_and_none_is_lost():
    labels, scores = np.array([-1.0, -1.0, 1.0]), np.array([[-7.0], [-0.5], [1.5]])
    matrix = figures.confusion(np.array([0, 0, 1]), np.array([0, 0, 1]), 2)
    test = SetFigures(name="test", entries=3, auc=1.0, matrix=matrix, curve=None)

    told = quality([test], {"test": (labels, scores, None)}, ())["test"]["scores"]

    assert (told["edges"][0], told["edges"][-1]) == (-1, 1)
    assert [sum(counts) for counts in told["counts"]] == [2, 1]


def test_classes_have_their_names_and_the_matrix_their_order():
    assert told(("qcd", "higgs"))["classes"] == ("qcd", "higgs")
    assert told()["confusion"] == [[1, 1], [1, 1]]


def test_each_of_several_classes_has_its_curve_against_all_others():
    labels = np.array([0, 0, 1, 1, 3, 3])  # of class 2 there is no entry
    scores = np.eye(4)[labels] * [0.9, 0.5, 0.5, 0.9] + np.array([[0.1], [0.4], [0], [0], [0], [0]])
    matrix = figures.confusion(labels, scores.argmax(1), 4)
    test = SetFigures(name="test", entries=6, auc=1.0, matrix=matrix, curve=None)

    rocs = quality([test], {"test": (labels, scores, None)}, tuple("abcd"))["test"]["rocs"]

    assert [each["class"] for each in rocs] == ["a", "b", "d"]
    for each in rocs:
        area = np.trapezoid(each["true_positives"], each["false_positives"])
        assert each["auc"] == pytest.approx(area)
    assert [each["auc"] for each in rocs] == [1, 1, 1]
    assert rocs[0]["auc_error"] == 0


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 0.5, 3.0])])
def test_the_score_of_each_of_several_classes_is_counted_by_true_class(weights):
    labels = np.array([0, 1, 2, 2])
    scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4], [0.0, 0.1, 0.9]])
    test = SetFigures(name="test", entries=4, auc=1.0, matrix=np.eye(3), curve=None)

    told = quality([test], {"test": (labels, scores, weights)}, tuple("abc"))["test"]

    found = told["class_scores"]
    for own in range(3):
        for true in range(3):
            chosen = labels == true
            counted = None if weights is None else weights[chosen]
            expected, _ = np.histogram(scores[chosen, own], found["edges"], weights=counted)
            assert found["counts"][own][true] == expected.tolist()
    assert found["counts"][-1] == told["scores"]["counts"]
    assert ("variances" in found) == (weights is not None)
    if weights is not None:
        assert found["variances"][-1] == told["scores"]["variances"]
        assert np.sum(found["variances"][0]) == (weights**2).sum()


def test_a_histogram_has_edges_in_both_units():
    one = Histogram(
        name="pt",
        counts=np.array([1, 2]),
        before=np.array([0.0, 5.0, 10.0]),
        after=np.array([0.0, 0.5, 1.0]),
        by_class={0: np.array([1, 0]), 1: np.array([0, 2])},
    )

    assert histograms([one], ("qcd", "higgs")) == [
        {
            "branch": "pt",
            "counts": [1, 2],
            "by_class": {"qcd": [1, 0], "higgs": [0, 2]},
            "edges": [0.0, 5.0, 10.0],
            "normalised_edges": [0.0, 0.5, 1.0],
        }
    ]
