"""Keras's own train and test steps, many in one TensorFlow call.

Keras's `fit` pays for each batch; its `steps_per_execution` makes several batches one call. Here
a block of some megabytes is one call: a loop inside the graph cuts it into batches and does
`model.train_step`. The losses are those of `fit` on the same batches. Only one block of rows is
in memory at a time, so that a chunk that is mapped from a file may be larger than memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.trainingdata import block_rows
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.adapters.trainers.keras.batches import counts_each_entry
from mlaas4hep.adapters.trainers.keras.devices import shared
from mlaas4hep.adapters.trainers.keras.optimizers import build_optimizer
from mlaas4hep.adapters.trainers.keras.own.chance import draws_hidden
from mlaas4hep.adapters.trainers.keras.own.methods import is_own
from mlaas4hep.adapters.trainers.keras.own.moment import Moment
from mlaas4hep.adapters.trainers.keras.targets import Targets
from mlaas4hep.core.models.sample.split import Index
from mlaas4hep.core.models.training import TrainingJob

Floats = NDArray[np.float32]
TEST_BATCH = 4096  #: entries at a time where nothing is learned, if each counts by itself


class Engine:
    """A compiled Keras model at work."""

    def __init__(self, model: Any, job: TrainingJob, targets: Targets, scores: Any = None) -> None:
        """Use `model` to learn, and `scores`, of one output, else the model itself, to predict."""
        columns, batch_size = job.columns, job.params.batch_size
        build_optimizer(model)
        self._model = model
        self._columns = columns
        self._targets = targets
        self._label_width = job.label_columns.width
        self._batch_size = batch_size
        self._weighted = job.weights.is_used
        self._logs: dict[str, Any] | None = None
        self._buffer = np.empty((0, columns), np.float32)
        self._tests = _has_loss(model)
        self._test_rows = 0  #: in a batch where nothing is learned; 0: not known yet
        self._tests_change = False  #: seeds or counters, once a batch, as those of `fit` do
        self._tells_nothing = False  #: metrics of a test that could not be done
        self._test_step = shared(model.test_step, learns=False)
        self._train = self._loop("train_step")
        self._test = self._loop("test_step")
        self._predict = tf.function(
            lambda x: (
                scores(x, training=False) if scores else targets.joined(model(x, training=False))
            ),
            reduce_retracing=True,
        )

    def dry_run(self) -> None:
        """Do one step without entries that count, and trace the other: mistakes show at once.

        Metrics find out outside of any graph which shapes they compare.
        """
        x = np.zeros((1, self._columns), np.float32)
        y = np.zeros((1, self._label_width), np.float32)
        if self._tests:
            begun = Moment(self._model)
            self._test_step(tf.nest.map_structure(tf.constant, self._arguments(x, y, None)))
            self._tests_change = begun.has_passed()
        self._model.reset_metrics()
        if not self._model.run_eagerly:
            self._train.get_concrete_function()

    def draws_hidden(self) -> bool:
        """Tell whether learning draws random numbers that a checkpoint cannot keep."""
        is_traced = not self._model.run_eagerly
        return is_traced and draws_hidden(self._train.get_concrete_function())

    def train(self, block: Block) -> None:
        """Learn from the block's rows, in batches in that order, until the model wants to stop."""
        for rows in self._blocks(block.order, self._batch_size):
            logs = self._train(self._data(block, rows), self._batch_size)
            self._logs = logs or None
            if self._model.stop_training:
                return

    def test(self, block: Block) -> None:
        """Compare the predictions for the block's rows with their labels; learn nothing.

        A model whose train_step alone knows the loss compares nothing.
        """
        self._tells_nothing = not self._tests
        if self._tells_nothing:
            return
        if not self._test_rows:  # metrics are built by now
            alike = not self._tests_change and counts_each_entry(self._model, self._targets)
            self._test_rows = TEST_BATCH if alike else self._batch_size
        for rows in self._blocks(block.order, self._test_rows):
            logs = self._test(self._data(block, rows), self._test_rows)
            self._logs = logs or None

    def metrics(self) -> dict[str, float]:
        """Return loss and metrics since the last call, and begin anew.

        As `fit` does: where a step of the model's own returns something else than its metrics,
        that is what counts, as it was after the last batch.
        """
        if self._tells_nothing:
            self._tells_nothing = False
            return {}
        result = self._model.get_metrics_result()
        if self._logs is not None and set(self._logs) != set(result):
            result = self._logs
        found = named_numbers(result, self._targets.classes)
        self._logs = None
        self._model.reset_metrics()
        return found

    def figures(self) -> tuple[str, ...]:
        """Return the names of loss and metrics, as far as they are known before the training."""
        steps = ("train_step", "test_step", "compute_metrics", "fit")
        if not self._tests or any(is_own(self._model, step) for step in steps):
            return ()
        return tuple(named_numbers(self._model.get_metrics_result(), self._targets.classes))

    def so_far(self) -> dict[str, float]:
        """Return loss and metrics since the last call of `metrics`, and go on."""
        return named_numbers(self._model.get_metrics_result(), self._targets.classes)

    def predict(self, x: Floats, order: Index) -> Floats:
        """Return the outputs for rows `order`, shape (n, outputs)."""
        parts = [
            self._predict(tf.convert_to_tensor(self._taken(x, rows))).numpy()
            for rows in self._blocks(order, TEST_BATCH)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self._targets.width), np.float32)

    def _data(self, block: Block, rows: Index) -> tuple[Any, ...]:
        """Return what a step works on: inputs, labels, and weights if entries have them."""
        weights = None if block.weights is None else block.weights[rows]
        return self._arguments(self._taken(block.x, rows), block.y[rows], weights)

    def _arguments(self, x: Floats, labels: Floats, weights: Floats | None) -> tuple[Any, ...]:
        targets = self._targets
        found = x, targets.outputs.formed([x]) if targets.is_inputs else targets.shaped(labels)
        if not self._weighted:
            return found
        return *found, targets.weights(np.ones(len(x), np.float32) if weights is None else weights)

    def _taken(self, x: Floats, rows: Index) -> Floats:
        """Return some rows, in memory that is used again for the next block."""
        if len(self._buffer) < len(rows):
            self._buffer = np.empty((len(rows), x.shape[1]), np.float32)
        return np.take(x, rows, axis=0, out=self._buffer[: len(rows)], mode="clip")

    def _blocks(self, order: Index, batch: int) -> Iterator[Index]:
        size = block_rows(batch, self._columns)
        for start in range(0, len(order), size):
            yield order[start : start + size]

    def _loop(self, name: str) -> Any:
        step = shared(getattr(self._model, name), learns=name == "train_step")
        tells = is_own(self._model, name) or is_own(self._model, "compute_metrics")
        loop = _telling(step) if tells else _silent(step)
        if self._model.run_eagerly:  # asked for at compile: Python code runs in every step
            return lambda data, batch: loop(
                tf.nest.map_structure(tf.convert_to_tensor, data), batch
            )
        specs = self._targets.specs(self._columns, weighted=self._weighted)
        return tf.function(
            loop,
            jit_compile=False,  # slower on processors, see docs/performance.md
            input_signature=(specs, tf.TensorSpec((), tf.int32)),
        )


def _has_loss(model: Any) -> bool:
    """Tell whether Keras can compare outputs with labels, as `evaluate` does."""
    own = any(is_own(model, method) for method in ("compute_loss", "test_step"))
    return own or model.loss is not None or bool(model.losses) or not is_own(model, "train_step")


def _rows(data: Any, start: Any, stop: Any) -> Any:
    """Return some rows of all tensors."""
    return tf.nest.map_structure(lambda each: each[start:stop], data)


def _silent(step: Any) -> Any:
    """Return a loop over batches whose metrics the model keeps."""

    def over_batches(data: Any, batch: Any) -> Any:
        for start in tf.range(0, tf.shape(data[0])[0], batch):
            step(_rows(data, start, start + batch))
        return {}

    return over_batches


def _telling(step: Any) -> Any:
    """Return a loop over batches that returns what the last step did."""

    def one(data: Any) -> Any:
        logs = step(data)
        if not isinstance(logs, dict):
            raise TypeError(f"a step returns a dict of metrics, not {type(logs).__name__}")
        return tf.nest.map_structure(lambda value: tf.cast(value, tf.float32), logs)

    def over_batches(data: Any, batch: Any) -> Any:
        logs = one(_rows(data, 0, batch))
        for start in tf.range(batch, tf.shape(data[0])[0], batch):
            logs = one(_rows(data, start, start + batch))
        return logs

    return over_batches


def named_numbers(result: Mapping[str, Any], classes: Sequence[str]) -> dict[str, float]:
    """Return metrics as numbers; elements of a vector are named by class, or numbered.

    Those of a metric that gives several by name have these names, as in `fit`.
    """
    found: dict[str, float] = {}
    for name, value in result.items():
        if isinstance(value, Mapping):
            inner = named_numbers(value, classes)
            found |= {f"{name}_{part}" if part in found else part: n for part, n in inner.items()}
            continue
        numbers = np.asarray(value, np.float64).reshape(-1)
        if len(numbers) == 1:
            found[name] = float(numbers[0])
            continue
        names = classes if len(classes) == len(numbers) else range(len(numbers))
        found |= {f"{name}_{part}": float(n) for part, n in zip(names, numbers, strict=True)}
    return found
