import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.labels import SeenLabels, check_numbers


def floats(*values):
    return np.array(values, np.float32)


def test_labels_that_are_not_numbers_are_counted():
    with pytest.raises(TrainingError, match="1 labels of 2 in a chunk are not numbers"):
        check_numbers(floats(0, np.nan))


def test_one_class_alone_cannot_be_told_apart():
    labels = SeenLabels("binary")
    labels.add(floats(1, 1, 1))

    with pytest.raises(TrainingError, match="all entries have label 1"):
        labels.check_several()

    labels.add(floats(0))
    labels.check_several()


def test_a_regression_may_have_one_label_only():
    labels = SeenLabels("regression")

    labels.add(floats(0.7, 0.7))

    labels.check_several()


@pytest.mark.parametrize(
    ("factors", "says"),
    [
        ([(0.0, 1.0), (7.0, 3.0)], "class_weight names 7, and no entry has that label"),
        ([(0.0, 0.0), (1.0, 0.0)], "class_weight is 0 for every class"),
    ],
)
def test_class_weight_is_about_labels_that_entries_have(factors, says):
    labels = SeenLabels("binary", factors=factors)
    labels.add(floats(0, 1))

    with pytest.raises(TrainingError, match=says):
        labels.check_several()


def test_class_weight_may_leave_a_class_out_of_what_is_learned():
    labels = SeenLabels("binary", factors=[(0.0, 0.0)])
    labels.add(floats(0, 1))

    labels.check_several()


@pytest.mark.parametrize(("label", "task"), [(1, "binary"), (0.5, "regression")])
def test_a_loss_of_numbers_learns_classes_if_all_labels_are_0_or_1(label, task):
    labels = SeenLabels("regression")

    labels.add(floats(0, label))

    assert labels.task == task
