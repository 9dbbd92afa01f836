import numpy as np
import pytest

from mlaas4hep.core.models import figures as scores

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle")


@pytest.fixture(params=[1, 2, 3])
def random(request):
    return np.random.default_rng(request.param)


def test_the_area_is_that_of_scikit_learn_also_with_equal_scores(random):
    is_signal = random.integers(0, 2, 500).astype(bool)
    given = np.round(random.random(500) + 0.3 * is_signal, 1)

    curve = scores.roc(is_signal, given)

    assert curve is not None
    assert curve.area == pytest.approx(metrics.roc_auc_score(is_signal, given))


def test_the_area_over_classes_is_the_mean_of_one_against_all_others(random):
    labels = random.integers(0, 3, 500)
    given = random.random((500, 3)) + np.eye(3)[labels]
    given /= given.sum(axis=1, keepdims=True)

    area = scores.mean_area(labels, given)

    expected = metrics.roc_auc_score(labels, given, multi_class="ovr", average="macro")
    assert area == pytest.approx(expected)


def test_one_class_alone_has_no_curve():
    assert scores.roc(np.ones(5, bool), np.arange(5.0)) is None
    assert scores.roc(np.zeros(5, bool), np.arange(5.0)) is None


def test_matrix_and_figures_are_those_of_scikit_learn(random):
    labels, predicted = random.integers(0, 4, (2, 300))

    matrix = scores.confusion(labels, predicted, 4)
    figures = scores.figures(matrix)

    assert matrix.tolist() == metrics.confusion_matrix(labels, predicted).tolist()
    precision, recall, f1, entries = metrics.precision_recall_fscore_support(labels, predicted)
    assert [one.precision for one in figures] == pytest.approx(precision)
    assert [one.recall for one in figures] == pytest.approx(recall)
    assert [one.f1 for one in figures] == pytest.approx(f1)
    assert [one.entries for one in figures] == entries.tolist()


def test_a_class_that_is_never_predicted_has_precision_zero():
    never, always = scores.figures(scores.confusion(np.array([0, 1]), np.array([1, 1]), 2))

    assert (never.precision, never.recall, never.f1) == (0, 0, 0)
    assert (always.precision, always.recall) == (0.5, 1)
