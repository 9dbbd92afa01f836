"""Models written for Keras 1 and 2: understood by Keras 3 where it can, else run by Keras 2.

`Adam(lr=1e-3, decay=1e-4)` is understood again, with a line in the run's log. What Keras 3 does
not have at all (paths, functions of the backend, old losses) is run by Keras 2 itself, which the
TensorFlow team keeps as `tf_keras`: model.py is then run once more with `keras` and
`tensorflow.keras` being that.
"""

import importlib
import importlib.abc
import importlib.machinery
import inspect
import os
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from mlaas4hep.adapters.trainers.keras.older.keras1 import say, understand
from mlaas4hep.adapters.trainers.keras.older.oldnames import lend

#: paths of Keras 1 and early Keras 2, and where what they held is now
_MOVED = {
    "engine": "models layers",
    "engine.topology": "layers",
    "engine.base_layer": "layers",
    "engine.input_layer": "layers",
    "engine.training": "models",
    "engine.sequential": "models",
    "layers.core": "layers",
    "layers.normalization": "layers",
    "layers.advanced_activations": "layers",
    "layers.convolutional": "layers",
    "layers.convolutional_recurrent": "layers",
    "layers.pooling": "layers",
    "layers.recurrent": "layers",
    "layers.embeddings": "layers",
    "layers.merge": "layers",
    "layers.noise": "layers",
    "layers.local": "layers",
    "layers.wrappers": "layers",
    "legacy": "layers",
    "objectives": "losses",
    "initializations": "initializers",
    "optimizers.legacy": "optimizers",
    "optimizers.experimental": "optimizers",
    "optimizer_v2": "optimizers",
    "saving": "models",
    "utils.np_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.data_utils": "utils",
    "utils.layer_utils": "utils",
    "utils.training_utils": "utils",
    "backend.tensorflow_backend": "backend",
    "constraints": "constraints",
}
_ROOTS = ("keras", "tensorflow.keras", "tensorflow.python.keras")
_SCIKIT = "wrappers.scikit_learn"
_SCIKIT_PATHS = ("wrappers", _SCIKIT)


@contextmanager
def old_spellings() -> Iterator[None]:
    """Let optimizers of Keras 3 understand old arguments while the context lasts.

    Layers of Keras 3 read their own signatures, so that old arguments of those need Keras 2.
    """
    undo = understand(
        (),
        _classes(keras.optimizers, keras.optimizers.Optimizer),
        keras.optimizers.schedules.InverseTimeDecay,
    )
    try:
        yield
    finally:
        undo()


def become_keras2(seed: int) -> types.ModuleType:
    """Make `keras` and `tensorflow.keras` Keras 2 in this process, from now on, and return it."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tf_keras  # noqa: PLC0415 - a second of importing, for old models only

    for name in [
        each for each in sys.modules if each.startswith(tuple(f"{r}." for r in _ROOTS[:2]))
    ]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder())
    sys.modules["keras"] = sys.modules["tensorflow.keras"] = tf_keras
    tf.keras = tf_keras
    lend(tf_keras)
    tf.compat.v1.keras = tf.compat.v2.keras = tf_keras
    understand(
        _classes(tf_keras.layers, tf_keras.layers.Layer),
        _classes(tf_keras.optimizers, tf_keras.optimizers.Optimizer),
        tf_keras.optimizers.schedules.InverseTimeDecay,
    )
    tf_keras.utils.set_random_seed(seed)
    say(f"model.py is run by Keras {tf_keras.__version__}")
    return tf_keras  # type: ignore[no-any-return]


def is_keras2(made: object) -> bool:
    """Tell whether it is a model of Keras 2."""
    tf_keras = sys.modules.get("tf_keras")
    return tf_keras is not None and isinstance(made, tf_keras.Model)


def _classes(module: types.ModuleType, base: type[Any]) -> list[type[Any]]:
    kinds = {
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, base) and kind is not base
    }
    return sorted(kinds, key=lambda kind: kind.__name__)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `keras.X`, `tensorflow.keras.X` and paths of Keras 1 in Keras 2."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if any(fullname.startswith(f"{root}.") for root in _ROOTS):
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        root = next(root for root in reversed(_ROOTS) if spec.name.startswith(f"{root}."))
        return _module(spec.name.removeprefix(f"{root}."), spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Leave it as it is."""


def _module(path: str, fullname: str) -> types.ModuleType:
    """Return what is meant by a path below keras: a module of its own with the same content."""
    if path in _SCIKIT_PATHS:
        return _wrappers(fullname)
    found = list(_found(path))
    if not found:
        raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
    alias = types.ModuleType(fullname)
    for each in found:
        alias.__dict__.update({k: v for k, v in vars(each).items() if k not in _OF_A_MODULE})
    alias.__path__ = []
    return alias


_OF_A_MODULE = ("__name__", "__spec__", "__loader__", "__package__", "__path__", "__file__")


def _found(path: str) -> Iterator[types.ModuleType]:
    """Yield the modules of Keras 2 that have what was at `path`: its own, or those it moved to."""
    here = _loaded(path) if path != "optimizers.legacy" else None  # one kind is enough
    moved = [] if here else [_loaded(name) for name in _MOVED.get(path, "").split()]
    yield from (module for module in (here, *moved) if module)


def _loaded(path: str) -> types.ModuleType | None:
    found: Any = sys.modules["tf_keras"]
    for part in path.split("."):
        found = getattr(found, part, None)
    if isinstance(found, types.ModuleType):
        return found
    try:
        return importlib.import_module(f"tf_keras.{path}")
    except ImportError:
        return None


def _wrappers(fullname: str) -> types.ModuleType:
    """Return keras.wrappers or keras.wrappers.scikit_learn, whose classes remember a function."""
    module = types.ModuleType(fullname)
    module.__path__ = []
    if fullname.endswith(_SCIKIT):
        for name in ("KerasClassifier", "KerasRegressor", "BaseWrapper"):
            setattr(module, name, type(name, (WrappedBuilder,), {}))
    return module


class WrappedBuilder:
    """What keras.wrappers.scikit_learn makes of the function that builds a model."""

    def __init__(self, build_fn: Any = None, **keywords: Any) -> None:
        self.build_fn = build_fn
        self.keywords = keywords

    def build(self, columns: int) -> Any:
        """Return the model: the function gets the keywords that it names, as it does there."""
        function: Any = self.build_fn or self
        parameters = inspect.signature(function).parameters
        given = {name: value for name, value in self.keywords.items() if name in parameters}
        ignored = [name for name in self.keywords if name not in parameters]
        if ignored:
            say(f"the wrapper's {', '.join(ignored)} are not used: params.json says how to train")
        due = [
            each.name
            for each in parameters.values()
            if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
        ]
        width = {name: columns for name in due[:1] if name not in given}
        return function(**width, **given)
