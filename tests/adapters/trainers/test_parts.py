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
