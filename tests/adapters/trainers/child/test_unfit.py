"""A label that nobody can learn is told with its entry, and before hours of training."""

from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.core.models.training import EntryOfChunk
from tests.adapters.trainers.conftest import FixedFeed, make_job

CHUNK, ROW = 2, 41


class Binary:
    """A model that learns 0 and 1, and forgets nothing that it refused."""

    missing = "zero"

    def check_labels(self, labels):
        """Refuse others."""
        if not np.isin(labels, (0, 1)).all():
            raise TrainingError(f"label {labels[~np.isin(labels, (0, 1))][0]:g} does not fit")


class Late:
    """A feed whose last chunk has a label that no other has, from one row on."""

    def __init__(self, label):
        self.inner = FixedFeed()
        self.label = label

    def chunks(self, indices):
        for index, chunk in self.inner.chunks(indices):
            y = chunk.y.copy()
            if index == CHUNK:
                y[[ROW, ROW + 5]] = self.label
            yield index, replace(chunk, y=y)


def data(feed, task="binary"):
    return TrainingData(feed, Binary(), SeenLabels(task), make_job())


@pytest.mark.parametrize(
    ("label", "says"), [(7, "label 7 does not fit"), (np.nan, "not numbers"), (np.inf, "2 labels")]
)
def test_the_first_entry_with_a_label_that_does_not_fit_is_known(label, says):
    feed = Late(label)

    with pytest.raises(TrainingError, match=says) as refused:
        data(feed).check_labels()

    (_, chunk), *_ = feed.chunks([CHUNK])
    assert refused.value.entry == EntryOfChunk(chunk=CHUNK, draw=int(chunk.draws[ROW]))


def test_all_chunks_are_looked_at_where_classes_are_learned():
    feed = Late(1)

    data(feed).check_labels()

    assert feed.inner.asked == [0, 1, 2]


def test_of_a_regression_none_is_looked_at_for_that():
    feed = Late(7)

    data(feed, "regression").check_labels()

    assert feed.inner.asked == []
