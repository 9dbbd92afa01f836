"""How many entries of each class train, validate and test."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.parts import Parts
from mlaas4hep.core.models.sample.split import Split


def rows(*numbers):
    return np.array(numbers, np.int32)


def test_parts_of_which_nothing_of_a_class_trains_are_refused_where_labels_are_classes():
    parts = Parts(("b", "s"))
    split = Split(train=rows(0, 2), validation=rows(1, 3), test=rows())
    parts.add(0, np.array([0, 1, 0, 1], np.float32), split)

    parts.check(classifies=False)
    with pytest.raises(TrainingError, match=r"no entry of class 1 \(s\) is in the train part"):
        parts.check(classifies=True)


def test_a_split_that_leaves_nothing_to_learn_from_is_refused():
    parts = Parts(())
    parts.add(0, np.zeros(2, np.float32), Split(train=rows(), validation=rows(0), test=rows(1)))

    with pytest.raises(TrainingError, match="no entry is left to learn from"):
        parts.check(classifies=False)


def test_a_part_without_entries_is_told_if_it_was_wanted():
    parts = Parts(("b", "s"))
    split = Split(train=rows(0, 1), validation=rows(2, 3), test=rows())
    parts.add(0, np.array([0, 1, 0, 1], np.float32), split)

    assert parts.warnings(chunked=False, due=("validation",)) == ()
    assert parts.warnings(chunked=False, due=("validation", "test")) == (
        "no entry is in the test part: there are too few",
    )


def test_a_class_that_a_part_lacks_is_named():
    parts = Parts(("b", "s"))
    split = Split(train=rows(0, 1), validation=rows(2), test=rows(3))
    parts.add(0, np.array([0, 1, 0, 1], np.float32), split)

    (validation, test) = parts.warnings(chunked=False)

    assert validation.startswith("no entry of class 1 (s) is in the validation part (1 entries)")
    assert test.startswith("no entry of class 0 (b) is in the test part")
