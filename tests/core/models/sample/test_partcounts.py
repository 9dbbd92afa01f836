"""Parts that a person's expression makes, and what no model can do with them."""

import numpy as np
import pytest

from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.models.sample.partcounts import counted, unusable, without_labels

BY_EVENT = Splitting(validation="event % 2 == 0")
LABELS = np.array([0, 0, 1, 1], np.float32)


def counts(*parts):
    return counted([(np.array(parts, np.uint8), LABELS)])


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([1, 1, 1, 1], "no entry is left to learn from"),
        ([0, 0, 0, 0], "'event % 2 == 0' is true for no entry"),
        ([0, 0, 1, 1], "true for every entry of class 1 (s): it cannot be learned"),
    ],
)
def test_a_validation_that_leaves_nothing_of_a_class_or_part_is_told(parts, says):
    reason = unusable(counts(*parts), BY_EVENT, ("b", "s"))

    assert says in reason.message
    assert reason.message.startswith("params.json: validation 'event % 2 == 0' is true")
    assert reason.file == "params.json"


def test_a_validation_that_leaves_both_classes_in_both_parts_is_fine():
    assert unusable(counts(0, 1, 0, 1), BY_EVENT, ()) is None


def test_a_class_may_only_train_and_values_of_a_regression_may_do_either():
    assert unusable(counts(0, 1, 0, 0), BY_EVENT, ()) is None
    assert unusable(without_labels(counts(0, 0, 1, 1)), BY_EVENT, ()) is None


@pytest.mark.parametrize(("by", "named"), [("", "folds 3"), ("event % 7", "fold_by 'event % 7'")])
@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([0, 0, 1, 1], "no entry of class 1 (s) is in fold 0"),
        ([0, 1, 0, 1], "no entry is in fold 2"),
    ],
)
def test_a_fold_that_is_empty_or_lacks_a_class_is_told_with_its_expression(parts, says, by, named):
    reason = unusable(counts(*parts), Splitting(folds=3, fold_by=by), ("b", "s"))

    assert reason.message.startswith(f"params.json: {named}: {says}")
    assert reason.file == "params.json"


def test_more_labels_than_classes_are_are_counted_as_one():
    labels = np.arange(3000, dtype=np.float32)

    assert counted([(np.zeros(3000, np.uint8), labels)]) == {(0, 0.0): 3000}
