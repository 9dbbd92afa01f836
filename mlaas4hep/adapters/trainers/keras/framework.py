"""Keras on TensorFlow as a `Framework`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mlaas4hep.adapters.trainers.keras import checks
from mlaas4hep.adapters.trainers.keras.keras2 import old_spellings
from mlaas4hep.adapters.trainers.keras.losses import Target, loss_name
from mlaas4hep.adapters.trainers.keras.model import KerasModel
from mlaas4hep.core.models.training import TrainingJob, Versions


class Keras:
    """See `framework.Framework`."""

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:
        """Seed Python, NumPy and TensorFlow, and understand spellings of Keras 2."""
        keras.utils.set_random_seed(seed)
        with old_spellings():
            yield

    def owns(self, made: object) -> bool:
        """Tell whether it is a Keras model."""
        return isinstance(made, keras.Model)

    def build(self, made: Any, job: TrainingJob) -> KerasModel:
        """Check a compiled model of one input and one output."""
        checks.check_kind(made)
        checks.check_inputs(made, job.columns)
        outputs = checks.outputs(made, job.columns)
        target = Target(loss_name(made.loss), outputs, job.classes)
        target.check_output()
        return KerasModel(made, job.columns, target, job.params.batch_size)

    def versions(self) -> Versions:
        """Return those of TensorFlow, Keras and NumPy."""
        return (
            ("tensorflow", tf.__version__),
            ("keras", keras.__version__),
            ("numpy", np.__version__),
        )


FRAMEWORK = Keras()
