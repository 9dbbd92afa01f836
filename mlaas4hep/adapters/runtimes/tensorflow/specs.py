"""TensorFlow's descriptions of tensors in our words, and our arrays as its tensors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from mlaas4hep.adapters.runtimes.entry import STRINGS, Described, Feeds, ModelError, Outputs


def described(name: str, spec: Any) -> Described:
    """Return name, type and shape of a tensor; ModelError if its values cannot be sent."""
    shape = tf.TensorShape(spec.shape)
    sizes = (-1, -1) if shape.rank is None else tuple(-1 if s is None else int(s) for s in shape)
    dtype = tf.as_dtype(spec.dtype)
    if dtype == tf.string:
        return name, STRINGS, sizes
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
    found = value.numpy()
    return found if isinstance(found, np.ndarray | np.generic) else np.array(found, object)
