"""What a model remembers at one moment: trials before the training leave it as model.py made it.

Calling a model may change it though nothing is learned: layers draw random numbers, count, or keep
the state of a sequence. Recurrent layers draw a mask for each batch even where they drop nothing.
"""

from contextlib import suppress
from typing import Any

import keras
import numpy as np

from mlaas4hep.adapters.trainers.keras.older.keras2 import is_keras2
from mlaas4hep.adapters.trainers.keras.own.remembered import ModelMemory, as_array, assign


class Moment:
    """The values of all variables that no training step changes: seeds, counters, states."""

    def __init__(self, model: Any) -> None:
        metrics = {id(each) for metric in model.metrics for each in metric.variables}
        kept = [*model.non_trainable_variables, *ModelMemory(model).variables()]
        self._variables = [each for each in kept if id(each) not in metrics]
        self._values = self._now()

    def has_passed(self) -> bool:
        """Tell whether one of them changed since."""
        pairs = zip(self._values, self._now(), strict=True)
        return not all(np.array_equal(then, now, equal_nan=True) for then, now in pairs)

    def come_back(self) -> None:
        """Set them as they were."""
        assign(self._variables, self._values)

    def _now(self) -> list[Any]:
        return [np.array(as_array(each)) for each in self._variables]


def build_unseen(made: Any, columns: int) -> None:
    """Let a model that builds itself at its first call do so without computing anything.

    What cannot be built so shows, with its reason, where the model is called.
    """
    if not is_keras2(made) and not all(layer.built for layer in made._flatten_layers()):  # noqa: SLF001 - inner ones, too
        with suppress(Exception):  # somebody's own `call` raises anything
            keras.backend.compute_output_spec(made, keras.KerasTensor((1, columns)))
