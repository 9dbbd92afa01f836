"""SavedModels, whatever their layers and signatures are called."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from mlaas4hep.adapters.runtimes.entry import Entry, Feeds, ModelError, Outputs
from mlaas4hep.adapters.runtimes.tensorflow.specs import arrays, described, tensors

_PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}  #: operators that a SavedModel cannot hold


def load(folder: Path) -> dict[str, Entry]:
    """Return the signatures of the SavedModel in `folder`."""
    loaded = tf.saved_model.load(str(folder))
    signatures = dict(loaded.signatures)
    if not signatures:
        raise ModelError("the SavedModel has no signature: save it with model.export(folder)")
    return {name: _entry(loaded, function) for name, function in signatures.items()}


def _entry(loaded: Any, function: Any) -> Entry:
    _refuse_python(function)
    _, specs = function.structured_input_signature
    inputs = tuple(described(name, spec) for name, spec in specs.items())
    outputs = tuple(
        described(name, spec, is_given=True)
        for name, spec in sorted(function.structured_outputs.items())
    )

    def call(feeds: Feeds, _keep: Any = loaded) -> Outputs:  # the variables live in `_keep`
        return arrays(function(**tensors(feeds, inputs)))

    return Entry(inputs=inputs, outputs=outputs, call=call)


def _refuse_python(function: Any) -> None:
    """Refuse what would call Python code that stayed where the model was made."""
    graph = function.graph.as_graph_def()
    nodes = (
        node
        for each in (graph.node, *(f.node_def for f in graph.library.function))
        for node in each
    )
    found = next((node for node in nodes if node.op in _PYTHON), None)
    if found is not None:
        raise ModelError(
            f"the node {found.name!r} calls Python code (tf.py_function, tf.numpy_function), which "
            "a SavedModel does not hold: write it with TensorFlow's operators"
        )
