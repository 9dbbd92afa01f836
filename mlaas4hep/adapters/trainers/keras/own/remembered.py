"""What a model remembers beside its own variables: other optimizers, variables, numbers, chance.

Classes that model.py (or a file beside it) wrote may keep them in their attributes; Keras knows
nothing of that. Random numbers that nobody gave a seed come from one generator of Keras's.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.random.seed_generator import global_seed_generator

from mlaas4hep.adapters.trainers.framework import State
from mlaas4hep.adapters.trainers.keras.older.keras2 import is_keras2
from mlaas4hep.adapters.trainers.keras.optimizers import optimizer_variables

_PLAIN = (bool, int, float, str, type(None))
_NUMBERS = "plain"
_LIBRARIES = ("keras", "tf_keras", "tensorflow")


class ModelMemory:
    """What the objects behind one model remember."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._first = self._plain()

    def state(self) -> State:
        """Return it as arrays."""
        arrays = {str(place): as_array(each) for place, each in enumerate(self.variables())}
        first, now = self._first, self._plain()
        changed = {name: value for name, value in now.items() if value != first.get(name)}
        text = json.dumps(changed)
        return {**arrays, _NUMBERS: np.frombuffer(text.encode(), np.uint8)}

    def restore_plain(self, state: State) -> None:
        """Set all that is no variable."""
        owners = dict(self._owners())
        for name, value in json.loads(bytes(state[_NUMBERS])).items():
            owner, _, attribute = name.partition(".")
            setattr(owners[owner], attribute, value)

    def _owners(self) -> Iterator[tuple[str, Any]]:
        """Yield the objects of classes that are nobody's library, with a name for each."""
        objects = [*self._model._flatten_layers(), *_flat(self._model.loss)]  # noqa: SLF001 - all, also inner ones
        for place, each in enumerate(objects):
            if type(each).__module__.split(".")[0] not in _LIBRARIES and hasattr(each, "__dict__"):
                yield str(place), each

    def _plain(self) -> dict[str, Any]:
        return {
            f"{owner}.{name}": value
            for owner, each in self._owners()
            for name, value in vars(each).items()
            if type(value) in _PLAIN and not name.startswith("_") and name != "stop_training"
        }

    def variables(self) -> list[Any]:
        """Return variables that neither the model nor its optimizer counts as its own."""
        optimizer = getattr(self._model, "optimizer", None)  # none is there before `compile`
        known = [*self._model.variables, *(optimizer_variables(optimizer) if optimizer else ())]
        seen = {id(each) for each in known} | {id(_inner(each)) for each in known}
        found = [] if is_keras2(self._model) else [global_seed_generator().state]
        for _, owner in self._owners():
            for each in _variables_in(vars(owner).values()):
                if seen.isdisjoint({id(each), id(_inner(each))}):
                    seen.add(id(each))
                    found.append(each)
        return found


def assign(variables: list[Any], arrays: list[Any]) -> None:
    """Set variables, all or none.

    Raises:
        ValueError: an array has another shape than its variable.
    """
    for array, variable in zip(arrays, variables, strict=True):
        if array.shape != tuple(variable.shape):
            raise ValueError(f"{variable.name} has shape {tuple(variable.shape)}")
    for array, variable in zip(arrays, variables, strict=True):
        variable.assign(array)


def _variables_in(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, keras.Variable | tf.Variable):
            yield value
        elif hasattr(value, "apply_gradients"):
            yield from optimizer_variables(value)
        elif isinstance(value, keras.random.SeedGenerator | tf.random.Generator):
            yield value.state
        elif isinstance(value, dict | list | tuple):
            yield from _variables_in(value.values() if isinstance(value, dict) else value)


def _inner(variable: Any) -> Any:
    """Return TensorFlow's variable inside one of Keras's."""
    return (
        getattr(variable, "value", variable) if isinstance(variable, keras.Variable) else variable
    )


def _flat(given: Any) -> Iterator[Any]:
    if isinstance(given, Mapping | list | tuple):
        for each in given.values() if isinstance(given, Mapping) else given:
            yield from _flat(each)
    else:
        yield given


def as_array(variable: Any) -> Any:
    """Return a variable's values; NumPy has no bfloat16 of its own."""
    values = np.asarray(variable)
    return values if values.dtype.isbuiltin else values.astype(np.float32)
