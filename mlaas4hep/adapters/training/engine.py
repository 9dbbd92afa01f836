"""Keras's own train and test steps, many in one TensorFlow call.

Keras's `fit` pays for each batch; its `steps_per_execution` makes several batches one call. Here
all batches of an array are one call: a loop inside the graph gathers the rows of each batch and
does `model.train_step`. The losses are those of `fit` on the same batches.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mlaas4hep.adapters.training.usermodel import BuiltModel
from mlaas4hep.core.split import Index

Floats = NDArray[np.float32]
TEST_BATCH = 4096  #: entries at a time where nothing is learned


class Engine:
    """A compiled Keras model at work."""

    def __init__(self, built: BuiltModel, batch_size: int, label_width: int) -> None:
        model = built.model
        self._model = model
        self._batch = tf.constant(min(batch_size, 2**31 - 1), tf.int32)
        model.optimizer.build(model.trainable_variables)
        self._started = False
        eager = bool(model.run_eagerly)
        self._train = _loop(model.train_step, eager, built.columns, label_width)
        self._test = _loop(model.test_step, eager, built.columns, label_width)
        self._predict = tf.function(lambda x: model(x, training=False), reduce_retracing=True)

    def train(self, x: Floats, y: Floats, order: Index) -> None:
        """Learn from rows `order`, in batches in that order."""
        if not self._started:
            self._start(x[:1], y[:1])
        self._train(x, y, order, self._batch)

    def _start(self, x: Floats, y: Floats) -> None:
        """Let the metrics find out, outside of any graph, which shapes they compare."""
        self._model.test_step((tf.constant(x), tf.constant(y)))
        self._model.reset_metrics()
        self._started = True

    def test(self, x: Floats, y: Floats, order: Index) -> None:
        """Compare the predictions for rows `order` with their labels; learn nothing."""
        self._test(x, y, order, tf.constant(TEST_BATCH))

    def metrics(self) -> dict[str, float]:
        """Return loss and metrics since the last call, and begin anew."""
        result = {name: float(value) for name, value in self._model.get_metrics_result().items()}
        self._model.reset_metrics()
        return result

    def predict(self, x: Floats) -> Floats:
        """Return the outputs for all rows, shape (n, outputs)."""
        parts = [
            self._predict(tf.convert_to_tensor(x[start : start + TEST_BATCH])).numpy()
            for start in range(0, len(x), TEST_BATCH)
        ]
        return np.concatenate(parts) if parts else np.empty((0, 1), np.float32)


def _loop(step: Any, eager: bool, columns: int, label_width: int) -> Any:
    def over_batches(x: Any, y: Any, order: Any, batch: Any) -> None:
        for start in tf.range(0, tf.shape(order)[0], batch):
            rows = order[start : start + batch]
            step((tf.gather(x, rows), tf.gather(y, rows)))

    if eager:  # the model asked for it at compile: Python code runs in every step
        tensor = tf.convert_to_tensor
        return lambda x, y, order, batch: over_batches(tensor(x), tensor(y), tensor(order), batch)
    return tf.function(
        over_batches,
        jit_compile=False,  # slower on processors, see docs/performance.md
        input_signature=(
            tf.TensorSpec((None, columns), tf.float32),
            tf.TensorSpec((None, label_width), tf.float32),
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((), tf.int32),
        ),
    )
