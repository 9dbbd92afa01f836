"""Models of other shapes as one of one input and one output, which all that follows expects."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.keras.targets import Targets
from mlaas4hep.adapters.trainers.outputs import Outputs
from mlaas4hep.core.models.columngroups import Group


class Columns(keras.layers.Layer):  # type: ignore[misc]  # mypy sees nothing of Keras
    """Takes some columns of a matrix."""

    def __init__(self, columns: Sequence[int], **keywords: Any) -> None:
        super().__init__(**keywords)
        self.columns = tuple(columns)

    def call(self, rows: Any) -> Any:
        """Return these columns, in their order."""
        return keras.ops.take(rows, np.array(self.columns, np.int32), axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of."""
        return {**super().get_config(), "columns": self.columns}


class ReconstructionError(keras.layers.Layer):  # type: ignore[misc]  # the same
    """Gives the mean square of the differences between two matrices, row by row."""

    def call(self, rows: Any, made: Any) -> Any:
        """Return shape (n, 1)."""
        return keras.ops.mean(keras.ops.square(rows - made), axis=1, keepdims=True)


def with_one_input(made: Any, columns: int, groups: Sequence[Group]) -> Any:
    """Return a model of one matrix that gives each input of `made` its columns; not compiled.

    Raises:
        TrainingError: the groups are not those that the model takes.
    """
    rows = keras.Input((columns,), name="input")
    parts = {name: Columns(numbers, name=f"columns_{name}")(rows) for name, numbers in groups}
    return keras.Model(rows, made(_fed(made, parts)), name=made.name)


def with_activation(made: Any, columns: int, activation: str) -> Any:
    """Return the model with an activation behind it, so that logits become probabilities."""
    rows = keras.Input((columns,), name="input")
    return keras.Model(rows, keras.layers.Activation(activation)(made(rows)), name=made.name)


def by_name(made: Any, columns: int, outputs: Outputs) -> Any:
    """Return the model that is served: several outputs by name, one as it is."""
    if outputs.is_plain:
        return made
    rows = keras.Input((columns,), name="input")
    parts = outputs.parts(made(rows))
    given = dict(zip(outputs.names, parts, strict=True)) if len(parts) > 1 else parts[0]
    return keras.Model(rows, given, name=made.name)


def show_labels_only(made: Any, targets: Targets) -> None:
    """Let metrics see labels only, where the loss sees columns behind them."""
    metrics, beside = getattr(made, "_compile_metrics", None), targets.each[0].beside
    if metrics is None or not beside:
        return
    update = metrics.update_state

    def updated(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        labels = keras.tree.map_structure(lambda each: each[:, :-beside], y_true)
        return update(labels, y_pred, sample_weight=sample_weight)

    metrics.update_state = updated


def scoring(made: Any, columns: int) -> Any:
    """Return the model that gives how badly an autoencoder makes each entry again."""
    rows = keras.Input((columns,), name="input")
    return keras.Model(rows, ReconstructionError(name="error")(rows, made(rows)))


def _fed(made: Any, parts: dict[str, Any]) -> Any:
    """Return what `made` is called with: parts by name, or in their order if names say nothing."""
    inputs = getattr(made, "inputs", None)
    if not inputs:  # a subclass, which takes a dict
        return parts
    names = [each.name for each in inputs]
    if set(names) != set(parts) and len(names) != len(parts):
        raise TrainingError(
            f"{MODEL_FILE}: the model has the inputs {', '.join(names)}, and inputs of params.json "
            f"are {', '.join(parts)}",
            'one entry for each: keras.Input((3,), name="jets") and "inputs": {"jets": "Jet_*", …}',
        )
    ordered = [parts[name] for name in names] if set(names) == set(parts) else [*parts.values()]
    for name, given, due in zip(parts, ordered, inputs, strict=True):
        if len(due.shape) != 2 or due.shape[1] not in (None, given.shape[1]):  # noqa: PLR2004 - (n, columns)
            raise TrainingError(
                f"{MODEL_FILE}: input {due.name!r} takes shape {tuple(due.shape[1:])}, and inputs "
                f"of params.json give {name!r} {given.shape[1]} columns",
                "make keras.Input as wide as the columns that its patterns fit",
            )
    return (
        ordered if isinstance(made.input, list | tuple) else dict(zip(names, ordered, strict=True))
    )
