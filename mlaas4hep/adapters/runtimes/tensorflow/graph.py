"""Models that TensorFlow runs, whatever their layers and signatures are called.

Only `savedmodel_child` imports this module: importing TensorFlow takes seconds and half a gigabyte.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[Any]
Described = list[list[Any]]  #: name, NumPy type and shape of each tensor; -1: any size

_SERVING = "serving_default"
_SAVED = "saved_model.pb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A loaded model."""

    inputs: Described
    outputs: Described
    function: Callable[[Mapping[str, Any]], Mapping[str, Any]]

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output for all rows; a model of fixed batch size is called repeatedly."""
        rows = len(next(iter(feeds.values())))
        fixed = max((shape[0] for _, _, shape in self.inputs if shape), default=-1)
        if fixed in (-1, rows):
            return self._call(feeds)
        if rows % fixed:
            raise ValueError(f"the model takes {fixed} rows at once, {rows} came")
        parts = [
            self._call({name: each[start : start + fixed] for name, each in feeds.items()})
            for start in range(0, rows, fixed)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _call(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        tensors = {name: tf.constant(feeds[name], dtype=kind) for name, kind, _ in self.inputs}
        return {name: value.numpy() for name, value in self.function(tensors).items()}


def load(folder: Path, file: str, input_node: str, output_node: str) -> Graph:
    """Return the model in `folder`; `file` is the one that params.json names, if it does."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    order = [file, _SAVED, *(n for n in names if n.endswith(".keras")), *names]
    for name in order:
        if name == _SAVED and name in names:
            return _saved_model(folder)
        if name.endswith(".keras") and name in names:
            return _keras(folder / name)
        if name.endswith(".pb") and name in names and name not in (_SAVED, "fingerprint.pb"):
            return _frozen(folder / name, input_node, output_node)
    raise ValueError("there is no model among the files")


def _saved_model(folder: Path) -> Graph:
    loaded = tf.saved_model.load(str(folder))
    signatures = dict(loaded.signatures)
    if not signatures:
        raise ValueError("the SavedModel has no signature: save it with model.export(folder)")
    function = signatures.get(_SERVING) or signatures[min(signatures)]
    _, specs = function.structured_input_signature
    outputs = function.structured_outputs

    def call(tensors: Mapping[str, Any], _keep: Any = loaded) -> Mapping[str, Any]:
        return function(**tensors)  # type: ignore[no-any-return] # its variables live in `_keep`

    return Graph(
        inputs=[_described(name, spec) for name, spec in specs.items()],
        outputs=[_described(name, spec) for name, spec in outputs.items()],
        function=call,
    )


def _keras(path: Path) -> Graph:
    import keras  # noqa: PLC0415 - most models are not of this kind

    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    if not model.inputs:
        raise ValueError("the model does not know its inputs: save a functional or built model")
    outputs = [f"output_{index}" for index in range(len(tf.nest.flatten(model.outputs)))]

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def infer(tensors: Mapping[str, Any]) -> dict[str, Any]:
        values = [tensors[each.name] for each in model.inputs]
        result = model(values[0] if len(values) == 1 else values, training=False)
        return dict(zip(outputs, tf.nest.flatten(result), strict=True))

    return Graph(
        inputs=[_described(each.name, each) for each in model.inputs],
        outputs=[
            _described(name, each)
            for name, each in zip(outputs, tf.nest.flatten(model.outputs), strict=True)
        ],
        function=infer,
    )


def _frozen(path: Path, input_node: str, output_node: str) -> Graph:
    """Load a graph of TensorFlow 1 with its weights inside, as TFaaS first served them."""
    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString(path.read_bytes())
    placeholders = [node.name for node in definition.node if node.op == "Placeholder"]
    source = input_node if input_node in placeholders else next(iter(placeholders), "")
    names = {node.name for node in definition.node}
    target = output_node if output_node in names else definition.node[-1].name
    if not source:
        raise ValueError("the graph has no placeholder to feed")

    def build() -> None:
        tf.compat.v1.import_graph_def(definition, name="")

    whole = tf.compat.v1.wrap_function(build, [])
    graph = whole.graph
    feed, fetch = graph.get_tensor_by_name(f"{source}:0"), graph.get_tensor_by_name(f"{target}:0")
    function = whole.prune(feed, fetch)
    return Graph(
        inputs=[_described(source, feed)],
        outputs=[_described(target, fetch)],
        function=lambda tensors: {target: function(tensors[source])},
    )


def _described(name: str, spec: Any) -> list[Any]:
    shape = tf.TensorShape(spec.shape)
    sizes = [-1, -1] if shape.rank is None else [-1 if s is None else int(s) for s in shape]
    return [name, tf.as_dtype(spec.dtype).name, sizes]
