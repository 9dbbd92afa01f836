"""What k-fold training does with the models of any framework."""

from dataclasses import replace
from importlib import import_module

import numpy as np

from mlaas4hep.adapters.runtimes.entry import DEFAULT
from mlaas4hep.adapters.runtimes.folded import joined
from mlaas4hep.adapters.trainers.child import checkpoint
from mlaas4hep.adapters.trainers.child.checkpoint import Position
from mlaas4hep.adapters.trainers.child.fitting import fit
from mlaas4hep.adapters.trainers.child.folds import FoldedModel
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.core.models.bundle.folding import FEED
from mlaas4hep.core.models.bundle.served import served_file, served_files
from mlaas4hep.core.models.record import ModelRecord

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

    def __init__(self, training, feed):
        self.job, self.labels = training.job, training.labels
        feed = Parted(feed)
        self.model = FoldedModel(training.model, training.build, self.job, feed, self.labels)
        self.data = TrainingData(feed, self.model, self.labels, self.job)

    def rounds(self, done=0):
        return fit(self.model, self.data, self.job, self.labels, done)

    def predictions(self):
        """Return what each entry gets by the model that never saw it."""
        blocks = [chunk.block(chunk.split.validation) for chunk in self.data.chunks(range(3))]
        return np.concatenate([self.model.predict(block) for block in blocks])

    def served(self, bundle):
        """Return the same by the files of a bundle, as they are served."""
        files = tuple(path.relative_to(bundle).as_posix() for path in bundle.rglob("*"))
        record = ModelRecord(owner="o", name="m", version="v", files=files, folds=FOLDS)
        _, kind = served_file(record)
        loader = import_module(f"mlaas4hep.adapters.runtimes.{kind.engine}.load")
        entry = joined([loader.load(bundle, each, "", "") for each in served_files(record)])[
            DEFAULT
        ]
        name, output = entry.inputs[0][0], entry.outputs[0][0]
        chunks = [*self.data.chunks(range(3))]
        fed = [{name: each.x, FEED: each.chunk.parts} for each in chunks]
        return np.concatenate([entry.run(feeds)[output] for feeds in fed])


def trained_and_taken_up(make, path):
    """Return a whole training, its history, and one that goes on from within its second fold."""
    whole, history, position = make(), [], None
    for metrics in whole.rounds():
        history.append(metrics)
        if position is None and metrics["fold"] == 1:
            position = Position(rounds=len(history), history=tuple(history))
            checkpoint.save(path, whole.model, position, "print")
    resumed = make()
    assert checkpoint.restore(path, resumed.model, "print") == position
    assert [*position.history, *resumed.rounds(position.rounds)] == history
    return whole, history, resumed
