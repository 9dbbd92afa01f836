"""Trainings of several label columns, of any framework."""

import numpy as np

from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.requests.labelcolumns import LabelColumns
from tests.adapters.trainers.frameworks.trainings import ENTRIES, Training


class Columns:
    """A feed of entries with several label columns."""

    def __init__(self, labels):
        self._labels = labels

    def chunks(self, indices):
        for index in indices:
            x = np.random.default_rng(index).random((ENTRIES, 4), np.float32)
            columns = [self._labels[name](x) for name in self._labels]
            yield index, decode(encode(x, np.stack(columns, axis=1).astype(np.float32)))


LABELS = {
    "isB": lambda x: x[:, 0] + 0.2 * x[:, 3] > 0.6,
    "isC": lambda x: x[:, 1] + 0.2 * x[:, 3] > 0.4,
    "mass": lambda x: 3 * x[:, 2] + x[:, 0],
    "height": lambda x: x[:, 1] + x[:, 3],
}


def training(framework, path, text, names, outputs=(), *, beside=(), **how):
    """Return a training; `names` are label columns, those of `beside` only the loss sees."""
    columns = LabelColumns(names=names if len(names) > 1 else (), outputs=outputs, beside=beside)
    made = Training(framework, path, text, "regression", label_columns=columns, **how)
    made.data._feed = Columns({name: LABELS[name] for name in (*names, *beside)})
    return made


def everything(training):
    """Return all entries of one chunk."""
    ((_, chunk),) = training.data._feed.chunks([0])
    return Block(x=chunk.x, y=chunk.y, order=np.arange(ENTRIES, dtype=np.int32))


def gathered(training):
    """Return what was learned from, in one piece."""
    taken = [(block.x[block.order], block.y[block.order]) for block in training.data.training()]
    return tuple(np.concatenate(each) for each in zip(*taken, strict=True))
