"""Does a loss of somebody's own compare outputs with the number of a class, or with one number a class?

Both may run without an error where only one is meant: `take_along_axis(outputs, labels)` takes a
one-hot row for numbers of classes. So both are tried on outputs that favour one class: a loss that
understands its labels is smallest where the favoured class is the right one.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.keras.losses import Target, alone

_ROWS = 8  #: more than one, for losses that look at a whole batch
_CLASSES = 5  #: that are tried, at most
_FAVOURED = 0.9


def wants_numbers(loss: Any, target: Target) -> bool:
    """Tell whether a loss understands numbers of classes, and one number a class not.

    Args:
        loss: of somebody's own.
        target: that gives it one number a class.
    """
    loss = alone(loss)
    return _understands(loss, replace(target, by_number=True)) and not _understands(loss, target)


def _understands(loss: Any, target: Target) -> bool:
    classes = min(target.width, _CLASSES)
    try:
        loss = loss() if isinstance(loss, type) else loss
        values = np.array(
            [
                [_value(loss, target, label, favoured) for favoured in range(classes)]
                for label in range(classes)
            ]
        )
    except Exception:  # noqa: BLE001 - somebody's own function raises anything
        return False
    return bool((values.argmin(axis=1) == np.arange(classes)).all() and np.isfinite(values).all())


def _value(loss: Any, target: Target, label: int, favoured: int) -> float:
    found = loss(
        tf.constant(target.shaped(_labels(target, label)), tf.float32),
        tf.constant(_outputs(target.width, favoured)),
    )
    return float(np.mean(found))


def _labels(target: Target, label: int) -> Floats:
    """Return label columns of entries of one class, with any numbers beside them."""
    columns = target.first + target.labels + target.beside
    labels = np.random.default_rng(1).random((_ROWS, columns)).astype(np.float32)
    labels[:, target.first] = label
    return labels


def _outputs(width: int, favoured: int) -> NDArray[np.float32]:
    """Return probabilities that differ a little from entry to entry."""
    noise = np.random.default_rng(2).uniform(0.5, 1.5, (_ROWS, width))
    noise[:, favoured] = 0
    given = np.float32(1 - _FAVOURED) * noise / noise.sum(axis=1, keepdims=True)
    given[:, favoured] = _FAVOURED
    return np.asarray(given, np.float32)
