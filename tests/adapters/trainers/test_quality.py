"""What a page is told of a model: points and bins."""

import numpy as np
import pytest

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


def test_scores_are_counted_by_true_class():
    scores = told()["scores"]

    assert [sum(counts) for counts in scores["counts"]] == [2, 2]
    assert len(scores["edges"]) == len(scores["counts"][0]) + 1


def test_classes_have_their_names_and_the_matrix_their_order():
    assert told(("qcd", "higgs"))["classes"] == ("qcd", "higgs")
    assert told()["confusion"] == [[1, 1], [1, 1]]


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
