"""Chunks as a training uses them: split, checked, and mixed into blocks of whole batches."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.labels import SeenLabels, check_numbers
from mlaas4hep.adapters.trainers.child.parts import Parts, described
from mlaas4hep.adapters.trainers.child.splitchunk import SplitChunk
from mlaas4hep.adapters.trainers.framework import Block, Floats, Model
from mlaas4hep.core.data import weights
from mlaas4hep.core.data.chunk import Chunk
from mlaas4hep.core.models.bundle.conversion import Missing
from mlaas4hep.core.models.sample.partcounts import PartCounts, Parted, unusable
from mlaas4hep.core.models.sample.split import TEST_SHARE, Index, Split
from mlaas4hep.core.models.training import EntryOfChunk, TrainingJob
from mlaas4hep.core.requests.task import OF_CLASSES

BLOCK_ROWS = 8192
BLOCK_BYTES = 32 * 1024**2


class Feed(Protocol):
    """Where chunks come from."""

    def chunks(self, indices: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        """Yield these chunks in order, with their numbers."""


def block_rows(batch: int, columns: int) -> int:
    """Return how many rows make a block: whole batches, at least one."""
    fitting = min(BLOCK_ROWS, BLOCK_BYTES // (4 * columns))
    return max(batch, fitting - fitting % batch)


class TrainingData:
    """Makes split chunks and blocks out of the chunks that a feed gives."""

    def __init__(
        self,
        feed: Feed,
        model: Model,
        labels: SeenLabels,
        job: TrainingJob,
        fold: int | None = None,
    ) -> None:
        """Split as the job says; of a k-fold training, as the model of `fold` sees it, or all."""
        self._fold = fold
        self._feed = feed
        self._model = model
        self._labels = labels
        self._job = job
        self._params = job.params
        self.chunk_count = job.chunks
        self._memory = np.empty((0, 0), np.float32)
        self.parts = Parts(job.classes, described(job.params))

    def chunks(self, indices: Iterable[int]) -> Iterator[SplitChunk]:
        """Yield these chunks in order.

        Raises:
            TrainingError: a label cannot be learned from.
        """
        for index, chunk in self._feed.chunks(indices):
            labels = self._job.label_columns.only_labels(chunk.y)
            self._check(index, chunk, labels)
            self._labels.add(labels)
            split = self._split(chunk)
            physical = weights.physical(self._job.weights, chunk.weights)
            self.parts.add(index, labels, split, physical)
            yield SplitChunk(
                index=index,
                chunk=chunk,
                x=_filled(chunk, self._model.missing),
                split=split,
                weights=self._of_loss(chunk, learns=True),
                tested=self._of_loss(chunk, learns=False),
                physical=physical,
                folds=self._params.splitting.folds if self._fold is None else 0,
                columns=self._job.label_columns,
            )

    def _check(self, index: int, chunk: Chunk, labels: Floats) -> None:
        """Refuse labels that are no numbers, or that the model cannot compare; say of which entry."""

        def refused(count: int) -> TrainingError | None:
            try:
                check_numbers(labels[:count])
                self._model.check_labels(labels[:count])
            except TrainingError as error:
                return error
            return None

        error = refused(len(labels))
        if error is not None:
            row = bisect_left(range(1, len(labels)), True, key=lambda n: refused(n) is not None)
            error.entry = EntryOfChunk(chunk=index, draw=int(chunk.draws[row]))
            raise error

    def check_labels(self) -> None:
        """Go over all chunks, so that a label that cannot be learned is found before the training.

        A training chunk by chunk would come to the last of them after hours.

        Raises:
            TrainingError: there is one.
        """
        if self._labels.task in OF_CLASSES:
            for _ in self.chunks(range(self.chunk_count)):
                pass

    def check_several(self) -> None:
        """Refuse a classification whose labels, which a branch gives, are all alike.

        Goes over chunks until labels differ, which the first one nearly always shows: a training
        chunk by chunk would tell it after the last of its rounds.

        Raises:
            TrainingError: nobody could learn to tell anything apart.
        """
        for index in range(self.chunk_count):
            if not self._labels.may_be_alike:
                return
            for _ in self.chunks([index]):  # one by one: nobody waits for the next
                pass
        self._labels.check_several()

    def check_splitting(self) -> None:
        """Refuse a validation or folds of params.json that leave a part empty, or without a class.

        Goes over all chunks: nobody has learned anything before that is known.

        Raises:
            TrainingError: names part and class.
        """
        counts = PartCounts.of(map(_parted, self.chunks(range(self.chunk_count))))
        if self._labels.task not in OF_CLASSES:
            counts = counts.without_labels()
        if reason := unusable(counts, self._params.splitting, self._job.classes):
            raise TrainingError(reason.message, reason.hint, branch=reason.branch)

    def check_parts(self) -> None:
        """Refuse a split that leaves nothing to learn from, after every chunk was seen.

        Raises:
            TrainingError: nothing is left, or nothing of a class.
        """
        if self._params.splitting.folds and self._fold is None:
            return  # every entry is in both; each model looks at its own parts
        self.parts.check(classifies=self._labels.task in OF_CLASSES)

    def training(self, indices: Iterable[int] | None = None) -> Iterator[Block]:
        """Yield the training rows of chunks; see `Sample`."""
        for chunk in self.chunks(range(self.chunk_count) if indices is None else indices):
            yield chunk.training_block(chunk.split.train)

    def validation(self, indices: Iterable[int] | None = None) -> Iterator[Block]:
        """Yield the validating rows of chunks; see `Sample`."""
        if self._params.validates:
            for chunk in self.chunks(range(self.chunk_count) if indices is None else indices):
                if len(chunk.split.validation):
                    yield chunk.block(chunk.split.validation)

    def blocks(self, indices: Iterable[int], epoch: int) -> Iterator[Block]:
        """Yield the training rows of these chunks, in blocks of whole batches.

        What does not fill a batch goes into the next block, so that batches are as large as the
        person wants them, however small the chunks are.
        """
        random = np.random.default_rng([self._params.seed, epoch])
        return self._in_batches(self.training(indices), lambda rows: self.order(rows, random))

    def validation_blocks(self) -> Iterator[Block]:
        """Yield the validating rows of all chunks, in blocks of whole batches, too."""
        return self._in_batches(self.validation(), _all)

    def _in_batches(
        self, blocks: Iterable[Block], order: Callable[[int], Index]
    ) -> Iterator[Block]:
        batch = self._params.batch_size
        waiting: list[Block] = []
        rows = 0
        for part in blocks:
            rows += len(part.order)
            if rows < block_rows(batch, part.x.shape[1]):
                waiting.append(_apart(part))
                continue
            block = self._joined([*waiting, part], order)
            used = rows - rows % batch
            yield replace(block, order=block.order[:used])
            waiting = [_copied([replace(block, order=block.order[used:])])]
            rows -= used
        if rows:
            yield self._joined(waiting, order)

    def order(self, rows: int, random: np.random.Generator) -> Index:
        """Return the row numbers in the order of training."""
        if self._params.shuffle:
            return random.permutation(rows).astype(np.int32)
        return _all(rows)

    def chunk_order(self, epoch: int) -> Sequence[int]:
        """Return the order of chunks in an epoch: the first takes them as they are made."""
        chunks = self._job.chunks
        if epoch == 0 or not self._params.shuffle:
            return range(chunks)
        random = np.random.default_rng([self._params.seed, epoch, chunks])
        return [int(index) for index in random.permutation(chunks)]

    def _of_loss(self, chunk: Chunk, *, learns: bool) -> Floats | None:
        labels = self._job.label_columns.only_labels(chunk.y)
        return weights.of_loss(self._job.weights, chunk.weights, labels, learns=learns)

    def _split(self, chunk: Chunk) -> Split:
        test = TEST_SHARE if self._params.metrics.wanted else 0.0
        seed = self._params.seed
        if chunk.parts is not None and self._params.splitting.folds:
            found = Split.of_fold(chunk.parts, self._fold)
        elif chunk.parts is None:
            found = Split.of(chunk.draws, seed=seed, validation=self._params.split, test=test)
        else:
            found = Split.by_parts(chunk.parts == 1, chunk.draws, seed=seed, test=test)
        return found.without(weights.dropped(self._job.weights, chunk.weights))

    def _joined(self, parts: list[Block], order: Callable[[int], Index]) -> Block:
        """Return the rows of all parts in the order of their numbers; overwrites the last result."""
        parts = [part for part in parts if len(part.order)]
        if len(parts) == 1:
            whole = parts[0]
        else:
            rows = sum(len(part.order) for part in parts)
            if len(self._memory) < rows:
                self._memory = np.empty((rows, parts[0].x.shape[1]), np.float32)
            whole = _copied(parts, self._memory[:rows])
        return replace(whole, order=whole.order[order(len(whole.order))])


def _apart(part: Block) -> Block:
    """Return rows without their chunk, if they are few of it: it need not be kept until they are used."""
    return _copied([part]) if 2 * len(part.order) < len(part.x) else part


def _copied(parts: list[Block], memory: Floats | None = None) -> Block:
    """Copy the rows of all parts, once, into `memory`, or into new one."""
    rows = sum(len(part.order) for part in parts)
    x = np.empty((rows, parts[0].x.shape[1]), np.float32) if memory is None else memory
    at = 0
    for part in parts:
        stop = at + len(part.order)
        np.take(part.x, part.order, axis=0, out=x[at:stop], mode="clip")
        at = stop
    given = [part.weights[part.order] for part in parts if part.weights is not None]
    return Block(
        x=x,
        y=np.concatenate([part.y[part.order] for part in parts]),
        order=_all(rows),
        weights=np.concatenate(given) if given else None,
    )


def _filled(chunk: Chunk, missing: Missing) -> Floats:
    """Return the chunk's inputs with NaN where there is no value, if the model wants that."""
    if missing == "zero":
        return chunk.x
    return np.where(chunk.mask.astype(np.bool_), np.float32(np.nan), chunk.x)


def _parted(chunk: SplitChunk) -> Parted:
    """Return part, label and weight of each entry that trains or validates."""
    assert chunk.chunk.parts is not None  # noqa: S101 - chunks of such a training have them
    rows = np.union1d(chunk.split.train, chunk.split.validation)
    weights = None if chunk.physical is None else chunk.physical[rows]
    return chunk.chunk.parts[rows], chunk.labels[rows], weights


def _all(rows: int) -> Index:
    return np.arange(rows, dtype=np.int32)
