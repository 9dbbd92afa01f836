"""Parts that a person's expression makes, and what no model can do with them."""

import numpy as np
import pytest

from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.models.sample.partcounts import PartCounts, unusable

BY_EVENT = Splitting(validation="event % 2 == 0")
LABELS = np.array([0, 0, 1, 1], np.float32)


def counts(*parts, weights=None):
    return PartCounts.of([(np.array(parts, np.uint8), LABELS, weights)])


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
    assert (reason.file, reason.branch) == ("params.json", "event % 2 == 0")


def test_a_validation_that_leaves_both_classes_in_both_parts_is_fine():
    assert unusable(counts(0, 1, 0, 1), BY_EVENT, ()) is None


def test_a_class_may_only_train_and_values_of_a_regression_may_do_either():
    assert unusable(counts(0, 1, 0, 0), BY_EVENT, ()) is None
    assert unusable(counts(0, 0, 1, 1).without_labels(), BY_EVENT, ()) is None


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
    assert (reason.file, reason.branch) == ("params.json", by)


@pytest.mark.parametrize(
    ("parts", "weights", "says"),
    [
        ([0, 1, 0, 1], [1, 0, 1, 0], "is true for no entry with a weight other than 0"),
        ([0, 1, 0, 1], [0, 2, 0, 2], "for every entry with a weight other than 0: no entry is"),
        ([0, 1, 0, 1], [1, 1, 0, -2], "with a weight other than 0 of class 1 (s): it cannot"),
    ],
)
def test_an_entry_of_weight_0_neither_trains_nor_validates(parts, weights, says):
    reason = unusable(counts(*parts, weights=np.array(weights, np.float32)), BY_EVENT, ("b", "s"))

    assert says in reason.message


def test_a_fold_of_a_class_that_weighs_nothing_is_told():
    found = counts(0, 1, 0, 1, weights=np.array([1, 1, 0, 1], np.float32))

    reason = unusable(found, Splitting(folds=2), ("b", "s"))

    assert "no entry with a weight other than 0 of class 1 (s) is in fold 0" in reason.message


def test_parts_are_not_why_nothing_can_be_learned_where_no_entry_weighs_anything():
    assert unusable(counts(0, 1, 0, 1, weights=np.zeros(4, np.float32)), BY_EVENT, ()) is None


def test_more_labels_than_classes_are_are_counted_as_one():
    labels = np.arange(3000, dtype=np.float32)

    found = PartCounts.of([(np.zeros(3000, np.uint8), labels, None)])

    assert found.entries == {(0, 0.0): 3000}
