"""What a training outside reads: a chunk as it came, and which of its entries it may learn from.

Needs NumPy and xxhash, and nothing of a deployment; docs/chunks.md describes the bytes.
"""

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.chunk import Chunk, check, decode
from mlaas4hep.core.data.weights import dropped, of_loss
from mlaas4hep.core.models.sample.split import Split
from mlaas4hep.core.runs.views import RunChunks, StoredChunk


def read(body: "bytes | np.memmap[tuple[int], np.dtype[np.uint8]]", stored: StoredChunk) -> Chunk:
    """Return the chunk in `body`, without a copy.

    Raises:
        DamagedError: a bit is another one, or it is another chunk.
    """
    check(body, stored.content)
    return decode(body)


def split(chunk: Chunk, chunks: RunChunks, fold: int | None = None) -> Split:
    """Return which entries of a chunk train, validate and test: those of the run's own training.

    Args:
        chunk: one of the run's.
        chunks: all of them, as the deployment lists them.
        fold: which validates, of a run with folds; None: all of them train.
    """
    if chunk.parts is None:
        found = Split.of(
            chunk.draws, seed=chunks.seed, validation=chunks.validation, test=chunks.test
        )
    elif chunks.folds:
        found = Split.of_fold(chunk.parts, fold)
    else:
        found = Split.by_parts(chunk.parts == 1, chunk.draws, seed=chunks.seed, test=chunks.test)
    return found.without(dropped(chunks.weights, chunk.weights))


def loss_weights(chunk: Chunk, chunks: RunChunks) -> NDArray[np.float32]:
    """Return how much each entry of a chunk counts in what is learned; 1 where all count alike."""
    labels = chunks.labels.only_labels(chunk.y)
    weights = of_loss(chunks.weights, chunk.weights, labels, learns=True)
    return np.ones(len(chunk.y), np.float32) if weights is None else weights
