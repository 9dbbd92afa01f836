"""Graphs of TensorFlow 1 with their weights inside, as TFaaS first served them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError

from mlaas4hep.adapters.runtimes.entry import DEFAULT, Entry, Feeds, ModelError, Outputs
from mlaas4hep.adapters.runtimes.tensorflow.specs import arrays, described, tensors
from mlaas4hep.core.nearest import nearest

_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")  #: whose values a graph does not hold
_FED, _HAS_DEFAULT = ("Placeholder", "PlaceholderV2"), "PlaceholderWithDefault"
_SILENT = ("NoOp", "Placeholder", "Const", "Assert", "Assign", "SaveV2", "RestoreV2")


def load(path: Path, input_node: str, output_node: str) -> dict[str, Entry]:
    """Return the only entry of a graph.

    Args:
        path: a GraphDef, binary or as text.
        input_node: what is fed, `name` or `name:0`; "": every placeholder that the output needs.
            Those with a default (as Keras's learning phase) keep it, unless there are no others.
        output_node: what is answered; "": the only node that no other one reads.
    """
    definition = _read(path)
    target = _output(definition, output_node)
    graph = tf.compat.v1.wrap_function(
        lambda: tf.compat.v1.import_graph_def(definition, name=""), []
    )
    if not output_node:
        _check_single(graph.graph, target)
    feeds = [_tensor(graph.graph, name) for name in _inputs(definition, input_node, target)]
    return {DEFAULT: _entry(graph, feeds, _tensor(graph.graph, target))}


def _entry(graph: Any, feeds: Sequence[Any], fetch: Any) -> Entry:
    function = graph.prune(feeds, fetch)
    inputs = tuple(described(each.op.name, each) for each in feeds)
    output = described(fetch.op.name, fetch, is_given=True)

    def call(given: Feeds) -> Outputs:
        values = tensors(given, inputs)
        return arrays({output[0]: function(*(values[name] for name, *_ in inputs))})

    return Entry(inputs=inputs, outputs=(output,), call=call)


def _read(path: Path) -> Any:
    definition = tf.compat.v1.GraphDef()
    try:
        if path.suffix == ".pbtxt":
            text_format.Parse(path.read_text(encoding="utf-8"), definition)
        else:
            definition.ParseFromString(path.read_bytes())
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        raise ModelError(f"{path.name} is no graph of TensorFlow: {error}") from error
    if not definition.node:
        raise ModelError(f"{path.name} is no graph of TensorFlow: it has no node")
    return definition


def _output(definition: Any, wanted: str) -> str:
    sinks = _sinks(definition)
    if wanted:
        ends = f"it ends in {', '.join(sinks[:12])}"
        return _checked_node(wanted, (node.name for node in definition.node), "output", ends)
    if len(sinks) != 1:
        raise ModelError(
            f"params.json names no outputNode and the graph ends in {len(sinks)}: "
            f"{', '.join(sinks[:12])}"
        )
    return str(sinks[0])


def _sinks(definition: Any) -> list[str]:
    """Return the nodes that no other one reads."""
    read = {_node(each) for node in definition.node for each in node.input}
    ends = (node for node in definition.node if node.name not in read)
    return [node.name for node in ends if node.op not in _SILENT]


def _check_single(graph: Any, node: str) -> None:
    outputs = [each.name for each in graph.get_operation_by_name(node).outputs]
    if len(outputs) != 1:
        raise ModelError(
            f"params.json names no outputNode and the node that the graph ends in has "
            f"{len(outputs)} outputs: {', '.join(outputs[:12])}"
        )


def _inputs(definition: Any, wanted: str, target: str) -> list[str]:
    if wanted:
        placeholders = (node.name for node in definition.node if node.op in _FED)
        begins = f"it begins in {', '.join([*placeholders][:12])}"
        _checked_node(wanted, (node.name for node in definition.node), "input", begins)
    needed = _needed(definition, target, _node(wanted))
    _check_frozen(needed, target)
    fed = [node.name for node in needed if node.op in _FED and node.name != _node(wanted)]
    if wanted and fed:
        raise ModelError(
            f"{target!r} depends on {', '.join(fed)}, too: without inputNode in params.json all are inputs"
        )
    if wanted and all(node.name != _node(wanted) for node in needed):
        raise ModelError(f"{target!r} does not depend on the inputNode {wanted!r}")
    found = [wanted] if wanted else fed or [n.name for n in needed if n.op == _HAS_DEFAULT]
    if not found:
        raise ModelError(f"the graph has no placeholder that {target!r} depends on")
    return found


def _needed(definition: Any, target: str, fed: str) -> list[Any]:
    """Return the nodes that the target depends on, in the graph's order; not what `fed` depends on."""
    nodes = {node.name: node for node in definition.node}
    needed, ahead = set(), [_node(target)]
    while ahead:
        name = ahead.pop()
        if name not in needed and name in nodes:
            needed.add(name)
            ahead += map(_node, nodes[name].input) if name != fed else ()
    return [node for node in definition.node if node.name in needed]


def _check_frozen(needed: Iterable[Any], target: str) -> None:
    found = next((node.name for node in needed if node.op in _VARIABLES), None)
    if found is not None:
        raise ModelError(
            f"{target!r} depends on the variable {found!r}, whose values a graph does not hold: "
            "freeze it (convert_variables_to_constants), or upload the SavedModel"
        )


def _checked_node(wanted: str, names: Iterable[str], what: str, shape: str) -> str:
    """Return a node that the graph has; refuse others with the nearest names and its shape."""
    known = set(names)
    if _node(wanted) not in known:
        hints = "; ".join(filter(None, (nearest(_node(wanted), known), shape)))
        raise ModelError(f"the graph has no {what} node {wanted!r}; {hints}")
    return wanted


def _node(reference: str) -> str:
    """Return the node of a reference such as `^name` or `name:0`."""
    return reference.removeprefix("^").partition(":")[0]


def _tensor(graph: Any, reference: str) -> Any:
    name, _, number = reference.partition(":")
    if not number or number.isdecimal():  # TensorFlow would take `name:-1` for the last output
        with suppress(KeyError, ValueError):
            return graph.get_tensor_by_name(f"{name}:{number or 0}")
    raise ModelError(f"the graph has no tensor {reference!r}")
