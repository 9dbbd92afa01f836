"""What a model of Keras gives for an entry."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.keras.constant import check_constant
from mlaas4hep.adapters.trainers.keras.lastlayer import check_softmax
from mlaas4hep.adapters.trainers.outputs import Outputs


def outputs_of(made: Any, columns: int) -> Outputs:
    """Return what a model gives for rows of `columns` numbers.

    Raises:
        TrainingError: it gives something else than rows of numbers, or always the same.
    """
    given = made(np.zeros((1, columns), np.float32))
    keys = tuple(given) if isinstance(given, Mapping) else None
    in_list = isinstance(given, list | tuple)
    parts = [*given.values()] if isinstance(given, Mapping) else [*given] if in_list else [given]
    names = tuple(map(str, keys)) if keys is not None else _names(made, len(parts))
    widths = tuple(_width(each, len(parts)) for each in parts)
    if not parts:
        raise TrainingError(f"{MODEL_FILE}: the model gives nothing", "end with Dense(1)")
    check_softmax(made, widths)
    form = Outputs(names=names, widths=widths, keys=keys, in_list=in_list)
    check_constant(made, columns, form)
    return form


def _names(made: Any, count: int) -> tuple[str, ...]:
    """Return what Keras calls the outputs in a list."""
    known = tuple(getattr(made, "output_names", None) or ())
    return known if len(known) == count else tuple(f"output_{place}" for place in range(count))


def _width(given: Any, outputs: int) -> int:
    shape = tuple(getattr(given, "shape", ()))
    if len(shape) != 2:  # noqa: PLR2004 - (batch, outputs)
        found = f"shape {shape[1:]}" if shape else f"a {type(given).__name__}"
        where = " in one of its outputs" if outputs > 1 else ""
        raise TrainingError(
            f"{MODEL_FILE}: the model gives {found} for an entry{where}, not a row of numbers",
            "end with one layer such as Dense(1)",
        )
    return int(shape[-1])
