"""What model.py returned: a compiled Keras model that fits the data, or a refusal in words."""

from functools import partial
from typing import Any

import keras

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, kind_of
from mlaas4hep.adapters.trainers.keras.older.keras2 import is_keras2
from mlaas4hep.adapters.trainers.keras.own.methods import is_own

_WITH_A_LOSS = ("compute_loss", "train_step", "fit")  #: methods that may know a loss of their own
_NEVER_CALLED = ("predict", "predict_step", "predict_on_batch", "evaluate", "train_on_batch")


def check_kind(made: Any) -> None:
    """Refuse what is no Keras model.

    Raises:
        TrainingError: says what it is.
    """
    if not isinstance(made, keras.Model) and not is_keras2(made):
        raise TrainingError(
            f"{MODEL_FILE}: `model` returns {kind_of(made)}, not a Keras model",
            "return a keras.Model, an instance",
        )


def is_compiled(made: Any) -> bool:
    """Tell whether the model says how it learns: a loss, or losses or steps of its own."""
    compiled = getattr(made, "compiled", False) or getattr(made, "_is_compiled", False)
    if not compiled or made.optimizer is None:
        return False
    own = any(map(partial(is_own, made), _WITH_A_LOSS))
    return made.loss is not None or bool(made.losses) or own


def oddities(made: Any) -> tuple[str, ...]:
    """Return what the author of a model may not expect of its training."""
    unused = [name for name in _NEVER_CALLED if is_own(made, name)]
    found = []
    if unused:
        found.append(
            f"the model's own {', '.join(unused)} is never called: scores, figures and the served"
            " model are what `call` gives"
        )
    if not made.trainable_variables:
        found.append("no weight of the model can be trained: it stays as model.py makes it")
    return tuple(found)


def check_stateless(made: Any) -> None:
    """Refuse layers that go on, with each batch, where the batch before ended.

    Raises:
        TrainingError: names one.
    """
    for layer in made._flatten_layers(include_self=False):  # noqa: SLF001 - inner ones, too
        if getattr(layer, "stateful", False):  # of Keras 2, too
            raise TrainingError(
                f"{MODEL_FILE}: layer {layer.name!r} is stateful: it would begin each entry with what"
                " is left of another, and entries are no sequence",
                "leave stateful=True away, and take keras.Input((idim,))",
            )


def check_inputs(made: Any, columns: int) -> None:
    """Refuse a model with other inputs than one row of `columns` numbers.

    Raises:
        TrainingError: names both shapes.
    """
    inputs = getattr(made, "inputs", None) or []
    if len(inputs) > 1:
        raise TrainingError(
            f"{MODEL_FILE}: the model has {len(inputs)} inputs; the data is one matrix",
            'say which columns go where, "inputs": {"jets": "Jet_*", "event": ["met"]} in '
            "params.json, or split it inside the model",
        )
    for given in inputs:  # none: a model of its own kind, which takes what comes
        shape = tuple(given.shape)
        if len(shape) != 2 or shape[-1] != columns:  # noqa: PLR2004 - (batch, columns)
            raise TrainingError(
                f"{MODEL_FILE}: the model takes inputs of shape {shape[1:]}, but the data has "
                f"{columns} columns",
                f"use the argument of model(idim), here {columns}, as input width",
            )
