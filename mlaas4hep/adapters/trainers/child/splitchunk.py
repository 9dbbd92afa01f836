"""A chunk, and which of its entries train, validate and test."""

from dataclasses import dataclass, replace

import numpy as np

from mlaas4hep.adapters.trainers.framework import Block, Floats
from mlaas4hep.core.data.chunk import Chunk
from mlaas4hep.core.models.sample.split import Index, Split
from mlaas4hep.core.requests.labelcolumns import LabelColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitChunk:
    """One chunk, and which of its entries train, validate and test."""

    index: int
    chunk: Chunk
    x: Floats  #: shape (n, columns), as the model reads it
    split: Split
    weights: Floats | None = None  #: shape (n,): in the loss; None: all count alike
    tested: Floats | None = None  #: the same where nothing is learned
    physical: Floats | None = None  #: shape (n,): in figures; None: all count alike
    folds: int = 0  #: models, if there is one for each fold
    columns: LabelColumns = LabelColumns()

    @property
    def labels(self) -> Floats:
        """Return the labels as numbers, shape (n,), or (n, columns) if there are several."""
        labels: Floats = self.columns.only_labels(self.chunk.y)
        return labels

    def block(self, rows: Index) -> Block:
        """Return some rows to be tested in one go; of several models, those predict that never saw them."""
        folds = self.chunk.parts if self.folds else None
        return Block(x=self.x, y=self.chunk.y, order=rows, weights=self.tested, folds=folds)

    def training_block(self, rows: Index) -> Block:
        """Return some rows to be learned from in one go."""
        return replace(self.block(rows), weights=self.weights)

    def learned(self, rows: Index) -> Block:
        """Return some training rows, to be predicted by a model that learned from them."""
        block = self.block(rows)
        if block.folds is None:
            return block
        return replace(block, folds=((block.folds + 1) % self.folds).astype(np.uint8))
