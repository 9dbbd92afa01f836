"""What of a Keras model model.py wrote itself."""

from typing import Any

import tensorflow as tf

from mlaas4hep.adapters.trainers.keras.targets import Targets
from mlaas4hep.core.models.training import TrainingJob


def is_own(model: Any, method: str) -> bool:
    """Tell whether model.py wrote this method of its model, and not Keras."""
    home = getattr(type(model), method).__module__
    return not home.startswith(("keras.", "tf_keras."))


def build_rest(model: Any, targets: Targets, job: TrainingJob) -> None:
    """Build layers that only a `train_step` of model.py's calls, such as a decoder, as `fit` does.

    The step is traced, not done: no weight changes.
    """
    if is_own(model, "train_step") and not all(layer.built for layer in model.layers):
        specs = targets.specs(job.columns, weighted=job.weights.is_used)
        tf.function(model.train_step).get_concrete_function(specs)
