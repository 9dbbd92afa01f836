"""Chunks as the training uses them: with labels in the shape of the loss, and split."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.feed import ChunkFeed
from mlaas4hep.adapters.trainers.child.learning import Labels
from mlaas4hep.adapters.trainers.keras.engine import block_rows
from mlaas4hep.core.data.chunk import Chunk
from mlaas4hep.core.models.split import TEST_SHARE, Index, Split
from mlaas4hep.core.requests.request import Params

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One chunk, ready to be trained on."""

    index: int
    chunk: Chunk
    y: Floats  #: shape (n, 1), or (n, classes) for one-hot losses
    split: Split

    @property
    def x(self) -> Floats:
        """Return the inputs, shape (n, columns)."""
        return self.chunk.x

    @property
    def labels(self) -> Floats:
        """Return the labels as numbers, shape (n,)."""
        return self.chunk.y


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows to train on in one go."""

    x: Floats
    y: Floats
    order: Index  #: in which rows are used


class MaterialSource:
    """Makes material out of the chunks that a feed gives."""

    def __init__(self, feed: ChunkFeed, labels: Labels, params: Params) -> None:
        self._feed = feed
        self._labels = labels
        self._params = params
        self._memory = np.empty((0, 0), np.float32)

    def chunks(self, indices: Iterable[int]) -> Iterator[Material]:
        """Yield these chunks in order."""
        for index, chunk in self._feed.chunks(indices):
            yield Material(
                index=index,
                chunk=chunk,
                y=self._labels.shaped(chunk.y),
                split=Split.of(
                    chunk.y,
                    seed=self._params.seed,
                    chunk=index,
                    validation=self._params.split,
                    test=TEST_SHARE if self._params.metrics.wanted else 0.0,
                    stratified=self._labels.stratified,
                ),
            )

    def blocks(self, indices: Iterable[int], epoch: int) -> Iterator[Block]:
        """Yield the training rows of these chunks, in blocks of whole batches.

        What does not fill a batch goes into the next block, so that batches are as large as the
        person wants them, however small the chunks are.
        """
        batch = self._params.batch_size
        random = np.random.default_rng([self._params.seed, epoch])
        parts: list[Block] = []
        for material in self.chunks(indices):
            parts.append(Block(x=material.x, y=material.y, order=material.split.train))
            rows = sum(len(part.order) for part in parts)
            if rows >= block_rows(batch, material.x.shape[1]):
                block = self._mixed(parts, random)
                used = rows - rows % batch
                yield replace(block, order=block.order[:used])
                rest = block.order[used:]
                parts = [Block(x=block.x[rest], y=block.y[rest], order=_all(len(rest)))]
        if any(len(part.order) for part in parts):
            yield self._mixed(parts, random)

    def _mixed(self, parts: list[Block], random: np.random.Generator) -> Block:
        """Return the rows of all parts in the order of training; overwrites the last result."""
        parts = [part for part in parts if len(part.order)]
        whole = parts[0] if len(parts) == 1 else self._joined(parts)
        return replace(whole, order=whole.order[self.order(len(whole.order), random)])

    def _joined(self, parts: list[Block]) -> Block:
        """Copy the rows of all parts, once, into memory that is used again."""
        rows = sum(len(part.order) for part in parts)
        if len(self._memory) < rows:
            self._memory = np.empty((rows, parts[0].x.shape[1]), np.float32)
        x, at = self._memory[:rows], 0
        for part in parts:
            stop = at + len(part.order)
            np.take(part.x, part.order, axis=0, out=x[at:stop], mode="clip")
            at = stop
        return Block(
            x=x, y=np.concatenate([part.y[part.order] for part in parts]), order=_all(rows)
        )

    def order(self, rows: int, random: np.random.Generator) -> Index:
        """Return the row numbers in the order of training."""
        if self._params.shuffle:
            return random.permutation(rows).astype(np.int32)
        return _all(rows)

    def chunk_order(self, chunks: int, epoch: int) -> Sequence[int]:
        """Return the order of chunks in an epoch: the first takes them as they are made."""
        if epoch == 0 or not self._params.shuffle:
            return range(chunks)
        random = np.random.default_rng([self._params.seed, epoch, chunks])
        return [int(index) for index in random.permutation(chunks)]


def _all(rows: int) -> Index:
    return np.arange(rows, dtype=np.int32)
