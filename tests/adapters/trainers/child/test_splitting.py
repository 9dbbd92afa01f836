"""A person's parts are looked at before anything is learned."""

from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.core.data.planning.splitting import Splitting
from tests.adapters.trainers.conftest import FixedFeed, make_job


class Unbuilt:
    """A model that takes all labels and learns nothing."""

    missing = "zero"

    def check_labels(self, labels):
        """Take them."""


class Parted:
    """A feed in which an expression says of each label who validates."""

    def __init__(self, validates):
        self._feed, self._validates = FixedFeed(), validates

    def chunks(self, indices):
        for index, chunk in self._feed.chunks(indices):
            yield index, replace(chunk, parts=self._validates(chunk.y).astype(np.uint8))


def data(validates, task="binary"):
    job = make_job(training="chunked", splitting=Splitting(validation="a cut"))
    return TrainingData(Parted(validates), Unbuilt(), SeenLabels(task), job)


def test_a_class_that_would_only_validate_is_refused_by_name():
    with pytest.raises(TrainingError, match=r"^params\.json: validation 'a cut' is true for every"):
        data(lambda labels: labels == 1).check_splitting()


def test_parts_of_both_classes_are_fine():
    data(lambda labels: np.arange(len(labels)) % 5 == 0).check_splitting()


class Labelled(Parted):
    """A feed whose chunks have one label each."""

    def __init__(self, *labels):
        super().__init__(lambda _: None)
        self._labels, self.asked = labels, []

    def chunks(self, indices):
        for index, chunk in self._feed.chunks(indices):
            self.asked.append(index)
            yield index, replace(chunk, y=np.full_like(chunk.y, self._labels[index]))


@pytest.mark.parametrize("training", ["chunked", "standard"])
def test_labels_all_alike_are_refused_before_anything_is_learned(training):
    job = make_job(training=training)
    data = TrainingData(Labelled(1, 1, 1), Unbuilt(), SeenLabels("binary"), job)

    with pytest.raises(TrainingError, match="all entries have label 1"):
        data.check_several()


def test_chunks_are_looked_at_until_labels_differ():
    feed = Labelled(1, 0, 1)

    TrainingData(feed, Unbuilt(), SeenLabels("binary"), make_job()).check_several()

    assert feed.asked == [0, 1]


def test_of_a_regression_no_chunk_is_looked_at():
    feed = Labelled(1, 1, 1)

    TrainingData(feed, Unbuilt(), SeenLabels("regression"), make_job()).check_several()

    assert feed.asked == []
