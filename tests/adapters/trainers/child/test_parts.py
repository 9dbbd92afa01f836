"""How many entries of each class train, validate and test."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.parts import Parts
from mlaas4hep.core.models.split import Split


def parts(validating):
    found = Parts(())
    draws = np.zeros(len(validating), np.uint32)
    labels = (np.arange(len(validating)) % 2).astype(np.float32)
    found.add(0, labels, Split.by_parts(np.array(validating), draws, seed=1))
    return found


@pytest.mark.parametrize(
    ("validating", "says"),
    [([True] * 4, "no entry is left"), ([False] * 4, "is true for no entry")],
)
def test_a_split_by_expression_that_leaves_a_part_empty_is_refused(validating, says):
    with pytest.raises(TrainingError, match=says):
        parts(validating).check("event % 5 == 0")


def test_a_split_that_leaves_entries_in_both_parts_is_fine():
    parts([True, True, False, False]).check("event % 2 == 0")


def rows(*numbers):
    return np.array(numbers, np.int32)


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
