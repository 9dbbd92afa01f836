"""One Keras model on all GPUs that the training sees: each takes a part of every batch.

Gradients are summed up over the devices, so that a step is the one that a single device would do.
Where a batch cannot be cut into equal parts, each device does the whole of it, which gives the
same gradients and saves no time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.keras.older.keras2 import is_keras2
from mlaas4hep.adapters.trainers.keras.own.methods import is_own

_OWN = ("fit", "train_step", "test_step", "compute_loss", "compute_metrics")
Batch = Any  #: inputs, labels and perhaps weights: tensors, or groups of them
Step = Callable[[Batch], Any]


def gpus() -> tuple[str, ...]:
    """Return the GPUs that this process may use; none unless the submission asked for some."""
    # Those that are physical: to ask for logical ones starts TensorFlow, which model.py may configure.
    return tuple(f"GPU:{n}" for n in range(len(tf.config.list_physical_devices("GPU"))))


@contextmanager
def spread(devices: Sequence[str]) -> Iterator[None]:
    """Let models that are built meanwhile learn on all of these devices, if they are several."""
    if len(devices) < 2:  # noqa: PLR2004 - several
        yield
        return
    with tf.distribute.MirroredStrategy(list(devices)).scope():
        yield


def are_several() -> bool:
    """Tell whether a model that is built now learns on several devices."""
    return bool(tf.distribute.get_strategy().num_replicas_in_sync > 1)


def check(made: Any, batch_size: int) -> None:
    """Refuse a model on several devices that may only learn on one, and tell how many learn.

    Raises:
        TrainingError: it has a method of its own: nobody knows what several devices make of that.
    """
    devices = tf.distribute.get_strategy().num_replicas_in_sync
    if devices == 1:
        return
    own = [method for method in _OWN if is_own(made, method)]
    if own or made.run_eagerly or is_keras2(made):
        why = f"a {own[0]} of its own" if own else "code that no graph holds"
        say(f"one device trains: the model has {why}")
        raise TrainingError(f"{MODEL_FILE}: the model has {why}", "train it on one device")
    say(f"{devices} devices train, and each takes a part of every batch")
    if batch_size % devices:
        say(
            f"a batch_size of {batch_size} cannot be cut into {devices} equal parts: it is no "
            "faster than on one device"
        )


def say(line: str) -> None:
    """Print a line into the run's log."""
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log


def shared(step: Step, *, learns: bool) -> Step:
    """Return a step that all devices share and that returns nothing; on one device, the step.

    Args:
        step: takes a batch.
        learns: it changes weights, and is done by all; else by the first device alone, so that
            metrics count each entry once.
    """
    if not are_several():
        return step
    strategy = tf.distribute.get_strategy()
    devices = strategy.num_replicas_in_sync

    def on_one(data: Batch) -> None:
        if learns:
            step(_part(data, devices))
        elif _is_first():
            step(data)

    return lambda data: strategy.run(on_one, args=(data,))


def _part(data: Batch, devices: int) -> Batch:
    """Return the rows of a batch that this device takes."""
    place = tf.distribute.get_replica_context().replica_id_in_sync_group
    rows = tf.shape(data[0])[0]
    is_even = rows % devices == 0
    size = tf.where(is_even, rows // devices, rows)
    start = tf.where(is_even, place * size, 0)
    return tf.nest.map_structure(lambda each: each[start : start + size], data)


def _is_first() -> bool:
    place = tf.distribute.get_replica_context().replica_id_in_sync_group
    return bool(tf.get_static_value(place) == 0)
