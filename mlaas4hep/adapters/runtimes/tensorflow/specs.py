"""TensorFlow's descriptions of tensors in our words, and our arrays as its tensors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from mlaas4hep.adapters.runtimes.entry import STRINGS, Described, Feeds, ModelError, Outputs

_HALF = tf.bfloat16  #: NumPy has no such type: what a model gives of it becomes float32


def described(name: str, spec: Any, *, is_given: bool = False) -> Described:
    """Return name, type and shape of a tensor.

    Args:
        name: of the input or output.
        spec: what TensorFlow knows of it.
        is_given: it is an output.

    Raises:
        ModelError: its values cannot be sent.
    """
    shape = tf.TensorShape(spec.shape)
    sizes = None if shape.rank is None else tuple(-1 if s is None else int(s) for s in shape)
    dtype = tf.as_dtype(spec.dtype)
    if dtype == tf.string:
        return name, STRINGS, sizes
    if dtype == _HALF and is_given:
        return name, tf.float32.name, sizes
    if np.dtype(dtype.as_numpy_dtype).kind not in "biuf":
        raise ModelError(f"{name!r} is of type {dtype.name}, which cannot be sent")
    return name, dtype.name, sizes


def tensors(feeds: Feeds, inputs: tuple[Described, ...]) -> dict[str, Any]:
    """Return arrays as tensors."""
    return {
        name: tf.constant(feeds[name], dtype=tf.string if dtype == STRINGS else dtype)
        for name, dtype, _ in inputs
    }


def arrays(values: Mapping[str, Any]) -> Outputs:
    """Return tensors as arrays; those of strings hold `bytes`, also where there is one only."""
    return {name: _array(value) for name, value in values.items()}


def _array(value: Any) -> Any:
    found = tf.cast(value, tf.float32).numpy() if value.dtype == _HALF else value.numpy()
    return found if isinstance(found, np.ndarray | np.generic) else np.array(found, object)
