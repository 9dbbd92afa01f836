"""Keras's own train and test steps, many in one TensorFlow call.

Keras's `fit` pays for each batch; its `steps_per_execution` makes several batches one call. Here
a block of some megabytes is one call: a loop inside the graph cuts it into batches and does
`model.train_step`. The losses are those of `fit` on the same batches. Only one block of rows is
in memory at a time, so that a chunk that is mapped from a file may be larger than memory.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.trainingdata import block_rows
from mlaas4hep.adapters.trainers.keras.losses import Target
from mlaas4hep.core.models.split import Index

Floats = NDArray[np.float32]
TEST_BATCH = 4096  #: entries at a time where nothing is learned


class Engine:
    """A compiled Keras model at work."""

    def __init__(self, model: Any, columns: int, target: Target, batch_size: int) -> None:
        model.optimizer.build(model.trainable_variables)
        eager = bool(model.run_eagerly)
        self._model = model
        self._columns = columns
        self._target = target
        self._batch_size = batch_size
        self._started = False
        self._buffer = np.empty((0, columns), np.float32)
        self._train = _loop(model.train_step, eager, columns, target.columns)
        self._test = _loop(model.test_step, eager, columns, target.columns)
        self._predict = tf.function(lambda x: model(x, training=False), reduce_retracing=True)

    def train(self, x: Floats, y: Floats, order: Index) -> None:
        """Learn from rows `order`, in batches in that order."""
        if not self._started:
            self._start(x[:1], self._target.shaped(y[:1]))
        for rows in self._blocks(order, self._batch_size):
            self._train(self._taken(x, rows), self._target.shaped(y[rows]), self._batch_size)

    def _start(self, x: Floats, y: Floats) -> None:
        """Let the metrics find out, outside of any graph, which shapes they compare."""
        self._model.test_step((tf.constant(x), tf.constant(y)))
        self._model.reset_metrics()
        self._started = True

    def test(self, x: Floats, y: Floats, order: Index) -> None:
        """Compare the predictions for rows `order` with their labels; learn nothing."""
        for rows in self._blocks(order, TEST_BATCH):
            self._test(self._taken(x, rows), self._target.shaped(y[rows]), TEST_BATCH)

    def metrics(self) -> dict[str, float]:
        """Return loss and metrics since the last call, and begin anew."""
        result = {name: float(value) for name, value in self._model.get_metrics_result().items()}
        self._model.reset_metrics()
        return result

    def predict(self, x: Floats, order: Index) -> Floats:
        """Return the outputs for rows `order`, shape (n, outputs)."""
        parts = [
            self._predict(tf.convert_to_tensor(self._taken(x, rows))).numpy()
            for rows in self._blocks(order, TEST_BATCH)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self._target.width), np.float32)

    def _taken(self, x: Floats, rows: Index) -> Floats:
        """Return some rows, in memory that is used again for the next block."""
        if len(self._buffer) < len(rows):
            self._buffer = np.empty((len(rows), x.shape[1]), np.float32)
        return np.take(x, rows, axis=0, out=self._buffer[: len(rows)], mode="clip")

    def _blocks(self, order: Index, batch: int) -> Iterator[Index]:
        size = block_rows(batch, self._columns)
        for start in range(0, len(order), size):
            yield order[start : start + size]


def _loop(step: Any, eager: bool, columns: int, label_width: int) -> Any:
    def over_batches(x: Any, y: Any, batch: Any) -> None:
        for start in tf.range(0, tf.shape(x)[0], batch):
            step((x[start : start + batch], y[start : start + batch]))

    if eager:  # the model asked for it at compile: Python code runs in every step
        tensor = tf.convert_to_tensor
        return lambda x, y, batch: over_batches(tensor(x), tensor(y), batch)
    return tf.function(
        over_batches,
        jit_compile=False,  # slower on processors, see docs/performance.md
        input_signature=(
            tf.TensorSpec((None, columns), tf.float32),
            tf.TensorSpec((None, label_width), tf.float32),
            tf.TensorSpec((), tf.int32),
        ),
    )
