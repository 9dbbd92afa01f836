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


def test_a_class_whose_weights_sum_up_to_less_than_nothing_has_no_share_in_them():
    low, high = scores.figures(np.array([[5.0, -7.0], [-6.0, 4.0]]))

    assert (low.recall, low.precision) == (0, 0)
    assert (high.recall, high.precision) == (0, 0)


def test_areas_and_matrices_of_weighted_entries_are_those_of_scikit_learn(random):
    is_signal = random.integers(0, 2, 500).astype(bool)
    given = np.round(random.random(500) + 0.3 * is_signal, 1)
    weights = random.exponential(size=500)

    curve = scores.roc(is_signal, given, weights)
    matrix = scores.confusion(is_signal.astype(int), (given > 0.6).astype(int), 2, weights)

    assert curve.area == pytest.approx(
        metrics.roc_auc_score(is_signal, given, sample_weight=weights)
    )
    expected = metrics.confusion_matrix(is_signal, given > 0.6, sample_weight=weights)
    np.testing.assert_allclose(matrix, expected)


def test_an_entry_of_weight_three_counts_as_three_entries(random):
    is_signal = random.integers(0, 2, 200).astype(bool)
    given, weights = random.normal(size=200) + is_signal, random.integers(1, 4, 200)

    weighted = scores.roc(is_signal, given, weights)
    repeated = scores.roc(np.repeat(is_signal, weights), np.repeat(given, weights))

    assert weighted.area == pytest.approx(repeated.area)


def test_the_error_of_an_area_is_that_of_delong(random):
    is_signal = random.integers(0, 2, 300).astype(bool)
    given = np.round(random.normal(size=300) + is_signal, 1)
    signal, background = given[is_signal], given[~is_signal]
    wins = (signal[:, None] > background) + 0.5 * (signal[:, None] == background)
    variance = wins.mean(axis=1).var(ddof=1) / len(signal)
    variance += wins.mean(axis=0).var(ddof=1) / len(background)

    assert scores.area_error(is_signal, given) == pytest.approx(np.sqrt(variance))


def test_the_error_of_a_weighted_area_is_its_spread_over_samples(random):
    areas, errors = [], []
    for _ in range(300):
        is_signal = random.integers(0, 2, 200).astype(bool)
        given, weights = random.normal(size=200) + is_signal, random.exponential(size=200)
        areas.append(scores.roc(is_signal, given, weights).area)
        errors.append(scores.area_error(is_signal, given, weights))

    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.15)


def test_one_entry_of_a_class_has_no_error():
    assert scores.area_error(np.array([True, False, False]), np.array([0.9, 0.1, 0.2])) is None


def three_classes(random, entries=240):
    """Return labels, scores and weights of one sample; the classes overlap differently."""
    labels = random.integers(0, 3, entries)
    given = random.normal(size=(entries, 3)) + np.array([0.5, 1.0, 2.0]) * np.eye(3)[labels]
    grown = np.exp(given)
    weights = random.exponential(size=entries) + 0.1
    return labels, grown / grown.sum(axis=1, keepdims=True), weights


@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_error_of_a_mean_over_classes_is_its_spread_over_samples(is_weighted):
    random = np.random.default_rng(4)
    areas, errors = [], []
    for _ in range(400):
        labels, given, weights = three_classes(random)
        counted = weights if is_weighted else None
        areas.append(scores.mean_area(labels, given, counted))
        errors.append(scores.mean_area_error(labels, given, counted))

    assert np.mean(errors) == pytest.approx(np.std(areas, ddof=1), rel=0.1)  # 5 % of 400 samples


def test_the_mean_of_two_classes_has_the_error_of_either(random):
    labels = random.integers(0, 2, 200)
    signal = random.normal(size=200) + labels
    both = np.column_stack((-signal, signal))

    error = scores.mean_area_error(labels, both)

    assert error == pytest.approx(scores.area_error(labels == 1, signal))


def test_a_class_of_one_entry_leaves_the_mean_without_error():
    labels = np.array([0, 0, 1, 1, 2])

    assert scores.mean_area_error(labels, np.eye(3)[labels]) is None


@pytest.mark.parametrize("weighted", [False, True])
def test_the_error_of_a_root_mean_square_is_its_spread_over_samples(random, weighted):
    weights = random.exponential(1, 500) if weighted else None
    found = [scores.root_mean(random.normal(0, 3, 500) ** 2, weights) for _ in range(500)]

    apart = np.std([root for root, _ in found])
    assert np.mean([error for _, error in found]) == pytest.approx(apart, rel=0.1)


@pytest.mark.parametrize("squares", [[4.0], [0.0, 0.0]])
def test_a_root_mean_square_without_spread_has_no_error(squares):
    assert scores.root_mean(np.array(squares)) == (squares[0] ** 0.5, None)
