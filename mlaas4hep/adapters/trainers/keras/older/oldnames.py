"""Names that Keras 1, early Keras 2 and TensorFlow 1 had, lent to Keras 2 as it is today."""

import functools
import importlib
import types
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

#: below keras: the old name, and what it is called now
_ALIASES: Mapping[str, Mapping[str, str]] = {
    "constraints": {
        "maxnorm": "MaxNorm",
        "nonneg": "NonNeg",
        "unitnorm": "UnitNorm",
        "max_norm": "MaxNorm",
        "non_neg": "NonNeg",
        "unit_norm": "UnitNorm",
    },
    "regularizers": {
        "l1l2": "L1L2",
        "WeightRegularizer": "L1L2",
        "ActivityRegularizer": "L1L2",
        "activity_l1": "L1",
        "activity_l2": "L2",
        "activity_l1l2": "L1L2",
    },
    "layers": {"Convolution1D": "Conv1D", "Convolution2D": "Conv2D"},
    "utils": {"np_utils": "", "generic_utils": "", "data_utils": "", "layer_utils": ""},
}
_MODULES = {"objectives": "losses", "initializations": "initializers"}
_OF_LAYERS = ("core", "normalization", "advanced_activations", "convolutional", "recurrent")
_OF_MODELS = {"input": "inputs", "output": "outputs"}


def lend(tf_keras: types.ModuleType) -> None:
    """Add the names to Keras 2 and to TensorFlow; what is there already stays."""
    for path, names in _ALIASES.items():
        module = getattr(tf_keras, path)
        for old, now in names.items():
            _add(module, old, getattr(module, now) if now else module)
    for old, now in _MODULES.items():
        _add(tf_keras, old, getattr(tf_keras, now))
    for old in _OF_LAYERS:
        setattr(tf_keras.layers, old, tf_keras.layers)
    tf_keras.optimizers.legacy = tf_keras.optimizers  # optimizers of one kind are enough
    _lend_backend(tf_keras.backend)
    _lend_tensorflow1()
    _understand_model(tf_keras.Model)


def _add(home: Any, name: str, value: Any) -> None:
    if not hasattr(home, name):
        setattr(home, name, value)


def _lend_backend(backend: Any) -> None:
    for name in ("get_session", "clear_session", "set_learning_phase"):
        _add(backend, name, getattr(tf.compat.v1.keras.backend, name, lambda *_: None))
    backend.set_session = lambda *_: None  # there is one session only: the process
    backend.image_dim_ordering = lambda: "tf"
    backend.set_image_dim_ordering = lambda *_: None


def _lend_tensorflow1() -> None:
    """Let `tf.Session`, `tf.ConfigProto`, `tf.log` … be what `tf.compat.v1` has of that name."""
    first = tf.compat.v1
    for name in dir(first):
        if not name.startswith("_"):
            _add(tf, name, getattr(first, name))


def _understand_model(kind: type[Any]) -> None:
    """Let `Model(input=, output=)` of Keras 1 be `Model(inputs=, outputs=)`."""
    functional = importlib.import_module("tf_keras.src.engine.functional").Functional
    make, build = kind.__new__, functional.__init__

    @functools.wraps(make)
    def making(cls: type[Any], *args: Any, **kwargs: Any) -> Any:
        return make(cls, *args, **(_renamed(kwargs) if cls is kind else kwargs))

    @functools.wraps(build)
    def building(self: Any, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **_renamed(kwargs))

    setattr(kind, "__new__", making)  # noqa: B010 - types of classes say it cannot be changed
    functional.__init__ = building


def _renamed(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {_OF_MODELS.get(name, name): value for name, value in kwargs.items()}
