"""The text of a first model.py."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is to be learnt."""

    task: Literal["binary", "multiclass", "regression"]
    outputs: int = 1
    classes: tuple[str, ...] = ()  #: that texts name, by their numbers


_ENDS = {
    "binary": ("sigmoid", "binary_crossentropy", 'metrics=[keras.metrics.AUC(name="auc")]'),
    "multiclass": ("softmax", "sparse_categorical_crossentropy", 'metrics=["accuracy"]'),
    "regression": ("linear", "mse", 'metrics=["mae"]'),
}
_TEXT = '''"""A dense network to start from: {task}."""

import keras


def model(idim):
    """Return a compiled model that takes `idim` numbers an entry."""
    network = keras.Sequential(
        [
            keras.layers.Input(shape=(idim,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense({outputs}, activation="{activation}"),
        ]
    )
    network.compile(optimizer="adam", loss="{loss}", {metrics})
    return network
'''


def model_text(kind: Kind) -> str:
    """Return a model.py whose last layer and loss fit what is to be learnt."""
    activation, loss, metrics = _ENDS[kind.task]
    return _TEXT.format(
        task=kind.task, outputs=kind.outputs, activation=activation, loss=loss, metrics=metrics
    )
