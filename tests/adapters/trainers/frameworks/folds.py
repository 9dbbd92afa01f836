"""What k-fold training does with the models of any framework."""

import itertools
from dataclasses import replace

import numpy as np

from mlaas4hep.adapters.trainers.child import checkpoint, modelfile
from mlaas4hep.adapters.trainers.child.checkpoint import Position
from mlaas4hep.adapters.trainers.child.fitting import fit
from mlaas4hep.adapters.trainers.child.folds import FoldedModel
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.adapters.trainers.loading import load
from mlaas4hep.core.data.planning.splitting import Splitting

FOLDS = 3


class Parted:
    """A feed whose entries are in folds by their number, or of which one fold validates."""

    def __init__(self, feed, fold=None):
        self._feed, self._fold = feed, fold

    def chunks(self, indices):
        for index, chunk in self._feed.chunks(indices):
            folds = (np.arange(len(chunk.y)) % FOLDS).astype(np.uint8)
            parts = folds if self._fold is None else (folds == self._fold).astype(np.uint8)
            yield index, replace(chunk, parts=parts)


class Folded:
    """A k-fold training in this process."""

    def __init__(self, training, path, feed):
        params = replace(training.job.params, splitting=Splitting(folds=FOLDS))
        self.job = replace(training.job, params=params)
        self.labels = SeenLabels(training.model.summary.task, self.job.labels)

        def build():
            name = self.job.frameworks[0]
            return modelfile.build(path, self.job, [load(name)], 60)[1]

        feed = Parted(feed)
        self.model = FoldedModel(build(), build, self.job, feed, self.labels)
        self.data = TrainingData(feed, self.model, self.labels, self.job)

    def rounds(self, done=0):
        return fit(self.model, self.data, self.job, self.labels, done)

    def predictions(self):
        """Return what each entry gets by the model that never saw it."""
        blocks = [chunk.block(chunk.split.validation) for chunk in self.data.chunks(range(3))]
        return np.concatenate([self.model.predict(block) for block in blocks])


def killed_and_resumed(make, path, whole):
    """Return the predictions of a training that was killed in the second fold."""
    stops = next(n for n, metrics in enumerate(whole) if metrics["fold"] == 1) + 1
    killed = make()
    history = tuple(itertools.islice(killed.rounds(), stops))
    position = Position(rounds=stops, history=history)
    checkpoint.save(path, killed.model, position, "print")
    resumed = make()
    assert checkpoint.restore(path, resumed.model, "print") == position
    assert [*history, *resumed.rounds(stops)] == whole
    return resumed.predictions()
