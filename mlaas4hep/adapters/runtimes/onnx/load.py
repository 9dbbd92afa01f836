"""What the confined process calls for an `.onnx` file.

Outputs of tree models that are sequences of maps (`zipmap`, class → probability) become plain
matrices of probabilities, one column a class, whose names come from the file.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from mlaas4hep.adapters.runtimes.entry import (
    DEFAULT,
    STRINGS,
    Described,
    Entry,
    Feeds,
    ModelError,
    Outputs,
    Shape,
)
from mlaas4hep.adapters.runtimes.onnx.graph import Graph

_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(bool)": "bool",
    "tensor(string)": STRINGS,
    **{
        f"tensor({kind}{bits})": f"{kind}{bits}"
        for kind in ("int", "uint")
        for bits in (8, 16, 32, 64)
    },
}
_PLACE = re.compile(r"/onnxruntime_src/.*?\) (?=[A-Z])")
#: What may help, by what ONNX Runtime says: its errors are told apart by their texts alone.
_HINTS = (
    (
        re.compile("[Oo]pset [0-9]|IR version"),
        "export it for an earlier opset: opset_version=17 of torch.onnx.export, target_opset=17 of skl2onnx",
    ),
    (
        re.compile("not a registered function|No Op registered"),
        "operators of one's own do not run here: use those of ai.onnx and ai.onnx.ml",
    ),
    (
        re.compile("[Ee]xternal"),
        "put the files with its weights beside it into the tarball, or save it as one file",
    ),
    (re.compile(""), "onnx.checker.check_model says what is wrong with a file"),
)
_MAPS = ("seq(map(", "map(")


def load(folder: Path, file: str, _input_node: str, _output_node: str) -> dict[str, Entry]:
    """Return the only entry of a model."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(folder / file), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors have no common class of their own
        reason = _reason(error)
        hint = next(hint for found, hint in _HINTS if found.search(reason))
        raise ModelError(f"{file} is no ONNX model that can run here: {reason}", hint) from error
    if not session.get_outputs():
        raise ModelError(
            f"{file} has no output", "name what it is to give as an output of its graph"
        )
    return {DEFAULT: _entry(session, Graph(folder / file))}


def _entry(session: Any, graph: Graph) -> Entry:
    inputs = tuple(_described(each, graph) for each in session.get_inputs())
    outputs = tuple(_described(each, graph) for each in session.get_outputs())
    names = [name for name, *_ in outputs]
    maps = [each.name for each in session.get_outputs() if each.type.startswith(_MAPS)]

    def call(feeds: Feeds) -> Outputs:
        given = {name: _fed(feeds[name], dtype) for name, dtype, _ in inputs}
        found = session.run(names, given)
        return {name: _plain(values) for name, values in zip(names, found, strict=True)}

    classes = {name: tuple(map(str, sorted(graph.classes(name)))) for name in maps}
    for name, _, shape in outputs:
        if name in maps or not shape:
            continue
        labels = graph.labels(name)
        if labels and shape[-1] in (-1, len(labels)):
            classes[name] = labels
    return Entry(inputs=inputs, outputs=outputs, call=call, classes=classes)


def _described(node: Any, graph: Graph) -> Described:
    if node.type.startswith(_MAPS):
        return node.name, "float32", (-1, len(graph.classes(node.name)) or -1)
    if node.type not in _TYPES:
        raise ModelError(f"{node.name!r} is of type {node.type}, which cannot be sent")
    return node.name, _TYPES[node.type], _shape(node, graph)


def _shape(node: Any, graph: Graph) -> Shape:
    """Return the shape; ONNX Runtime shows that of a number where nobody said any."""
    if not node.shape and not graph.is_ranked(node.name):
        return None
    return tuple(size if isinstance(size, int) else -1 for size in node.shape)


def _fed(values: Any, dtype: str) -> Any:
    if dtype != STRINGS:
        return values
    texts = [each.decode() if isinstance(each, bytes) else str(each) for each in values.flat]
    return np.array(texts, object).reshape(values.shape)


def _plain(values: Any) -> Any:
    """Return maps of probabilities as a matrix; the classes stand in rising order."""
    if isinstance(values, Mapping):
        values = [values]
    if isinstance(values, list):
        classes = sorted(values[0]) if values else []
        return np.array([[row[each] for each in classes] for row in values], np.float32)
    return values


def _reason(error: Exception) -> str:
    """Return an error without the marks and the places in its own code that ONNX Runtime tells."""
    told = str(error).rpartition("] : ")[2].partition(" : ")[2] or str(error)
    return _PLACE.sub("", told)
