"""Runs model.py: `model(idim)` must return a compiled Keras model of one input, idim wide."""

import faulthandler
import signal
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mlaas4hep.adapters.trainers.child.failure import (
    MODEL_FILE,
    TooLongError,
    TrainingError,
    told_by,
)
from mlaas4hep.adapters.trainers.child.learning import Labels, loss_name
from mlaas4hep.core.models.training import ModelSummary

_HINT = "the traceback is in the run's log"
_GRACE_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltModel:
    """A compiled model that fits the data."""

    model: Any
    columns: int  #: inputs
    outputs: int  #: numbers for each entry

    def summary(self) -> ModelSummary:
        """Return what a person wants to know before training."""
        return ModelSummary(
            parameters=int(self.model.count_params()),
            layers=tuple(
                f"{layer.name} ({type(layer).__name__}): {layer.count_params()}"
                for layer in self.model.layers
            ),
            input_width=self.columns,
            output_shape=(self.outputs,),
            loss=loss_name(self.model.loss),
            task=Labels(self.model.loss, self.outputs).task,
        )


def build(path: Path, columns: int, seconds: int) -> BuiltModel:
    """Run model.py and return the compiled Keras model that its `model(columns)` gives.

    Raises:
        TrainingError: it raises, ends, takes too long, or gives something else.
    """
    with told_by(MODEL_FILE, _HINT), _time_limit(seconds):
        made = _function(path)(columns)
    _check_kind(made)
    with (
        told_by("the model", f"the network gets {columns} numbers per entry"),
        _time_limit(seconds),
    ):
        _check_inputs(made, columns)
        outputs = _outputs(made(np.zeros((1, columns), np.float32)))
    Labels(made.loss, outputs).check_output()
    return BuiltModel(model=made, columns=columns, outputs=outputs)


def _function(path: Path) -> Callable[[int], Any]:
    module = types.ModuleType("model")
    module.__file__ = str(path)
    code = compile(path.read_bytes(), str(path), "exec")
    exec(code, module.__dict__)  # noqa: S102 - this process exists to run it, confined
    function = getattr(module, "model", None)
    if not callable(function):
        what = (
            "has no function `model`" if function is None else "has a `model` that is no function"
        )
        raise TrainingError(
            f"{MODEL_FILE} {what}", "def model(idim): return a compiled Keras model"
        )
    return function  # type: ignore[no-any-return]


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """Raise in Python code after `seconds`; end the process a little later in any other code."""

    def stop(_number: int, _frame: types.FrameType | None) -> None:
        raise TooLongError(seconds)

    late = seconds + _GRACE_SECONDS
    faulthandler.dump_traceback_later(late, exit=True, file=2)
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()


def _check_kind(made: Any) -> None:
    if made is None:
        raise TrainingError(
            f"{MODEL_FILE}: `model` returns nothing", "end it with `return` and the compiled model"
        )
    if not isinstance(made, keras.Model):
        kind = f"{type(made).__module__}.{type(made).__name__}"
        raise TrainingError(
            f"{MODEL_FILE}: `model` returns a {kind}, not a Keras model",
            "return the compiled keras.Model itself",
        )
    if not getattr(made, "compiled", False) or made.optimizer is None or made.loss is None:
        raise TrainingError(
            f"{MODEL_FILE}: the model is not compiled with an optimizer and a loss",
            "call model.compile(optimizer='adam', loss='binary_crossentropy') before returning",
        )


def _check_inputs(made: Any, columns: int) -> None:
    inputs = getattr(made, "inputs", None) or []
    if len(inputs) > 1:
        raise TrainingError(
            f"{MODEL_FILE}: the model has {len(inputs)} inputs; the data is one matrix",
            "split it inside the model",
        )
    for given in inputs:  # none: a model of its own kind, which takes what comes
        shape = tuple(given.shape)
        if len(shape) != 2 or shape[-1] != columns:  # noqa: PLR2004 - (batch, columns)
            raise TrainingError(
                f"{MODEL_FILE}: the model takes inputs of shape {shape[1:]}, but the data has "
                f"{columns} columns",
                f"use the argument of model(idim), here {columns}, as input width",
            )


def _outputs(given: Any) -> int:
    shape = tuple(getattr(given, "shape", ()))
    if len(shape) != 2:  # noqa: PLR2004 - (batch, outputs)
        found = f"shape {shape[1:]}" if shape else f"a {type(given).__name__}"
        raise TrainingError(
            f"{MODEL_FILE}: the model gives {found} for an entry, not a row of numbers",
            "end with one layer such as Dense(1)",
        )
    return int(shape[-1])
