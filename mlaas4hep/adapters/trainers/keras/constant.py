"""Outputs of models whose layers do not show that they are the same whatever is learned."""

from typing import Any

import numpy as np
import tensorflow as tf

from mlaas4hep.adapters.trainers.outputs import Outputs, refuse_ones

_ROWS = 8
_NEAR, _FLAT = 1e-5, 1e-4  #: TensorFlow's softmax over one number is 0.9999999 on some processors


def check_constant(made: Any, columns: int, form: Outputs) -> None:
    """Refuse an output that is 1 for all rows, and that no weight changes.

    One that is 1 only as weights begin, such as the exponential of zeros, may learn.

    Raises:
        TrainingError: it is softmax over one number, or something like it.
    """
    variables = made.trainable_variables
    if 1 not in form.widths or not variables:
        return
    rows = np.random.default_rng(0).random((_ROWS, columns), dtype=np.float32)
    with tf.GradientTape(persistent=True) as tape:
        parts = [tf.convert_to_tensor(each) for each in form.parts(made(rows))]
    for width, part in zip(form.widths, parts, strict=True):
        if width == 1 and bool(tf.reduce_all(abs(part - 1) < _NEAR)):
            slopes = [each for each in tape.gradient(part, variables) if each is not None]
            if all(np.all(np.abs(tf.convert_to_tensor(each)) < _FLAT) for each in slopes):
                refuse_ones()
