"""model.onnx: one input `input`, one output `scores`, kept only if it agrees with the model."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.silence import silence
from mlaas4hep.core.harmless import harmless
from mlaas4hep.core.models.bundle.conversion import (
    NOT_INSTALLED,
    Conversion,
    Converted,
    NotMade,
)

FILE = "model.onnx"
TOLERANCE = 1e-5  #: largest difference, relative to the larger of 1 and the output
_LONGEST_REASON = 300
INPUT, OUTPUT = "input", "scores"


class NoConverterError(Exception):
    """There is none for this model; the text says why, and what to take instead."""


def write(
    folder: Path,
    convert: Callable[[], Any],
    sample: Floats,
    expected: Floats | Mapping[str, Floats],
    tolerance: float = TOLERANCE,
) -> Converted:
    """Write model.onnx if the model converts and the file agrees with it; else say why not.

    Args:
        folder: of the bundle.
        convert: returns the ONNX model.
        sample: real entries, shape (n, columns).
        expected: what the model gives for them, shape (n, outputs), by name if there are several.
        tolerance: see `TOLERANCE`.
    """
    if find_spec("onnxruntime") is None or find_spec("onnx") is None:
        return not_made(FILE, NOT_INSTALLED)
    try:
        data = _named(convert(), expected)
        difference = _difference(data, sample, expected)
    except Exception as error:  # noqa: BLE001 - whatever a converter raises: the model is good
        return failed(FILE, error)
    found = Conversion(file=FILE, difference=difference, tolerance=tolerance)
    if not found.agrees:
        return differs(found)
    (folder / FILE).write_bytes(data)
    return found


def failed(file: str, error: Exception) -> NotMade:
    """Say that a converter raised `error`, or that there is none."""
    if isinstance(error, NoConverterError):
        return not_made(file, str(error))
    told = str(error).strip().partition("\n\n")[0]  # its first paragraph
    return not_made(file, f"{type(error).__name__}: {told}" if told else type(error).__name__)


def differs(found: Conversion) -> NotMade:
    """Say that a converted file is not what was trained."""
    return not_made(found.file, f"it differs from the trained model by {found.difference:.2g}")


def not_made(file: str, reason: str) -> NotMade:
    """Print into the run's log why there is no such file, and return it."""
    told = harmless(" ".join(reason.split()))
    reason = told if len(told) <= _LONGEST_REASON else f"{told[:_LONGEST_REASON]}…"
    say(f"no {file}: {reason}")
    return NotMade(file=file, reason=reason)


def _named(model: Any, expected: Floats | Mapping[str, Floats]) -> bytes:
    """Return a model whose input is called `input`, and its output, if there is one, `scores`.

    Converters call both as they like, and put what nobody asked for behind what was.
    """
    from onnx import compose, helper  # noqa: PLC0415 - only where the extra is

    several = isinstance(expected, Mapping) and len(expected) > 1
    if not several and [each.name for each in model.graph.output] != [OUTPUT]:
        if OUTPUT in {name for node in model.graph.node for name in node.output}:
            model = compose.add_prefix(model, "own_")
        (wanted,) = expected.values() if isinstance(expected, Mapping) else [expected]
        _keep_first(model.graph, wanted.shape[1])
    (given,) = model.graph.input
    if given.name != INPUT:
        model.graph.node.insert(0, helper.make_node("Identity", [INPUT], [given.name]))
        given.name = INPUT
    return bytes(model.SerializeToString())


def _keep_first(graph: Any, width: int) -> None:
    """Let the first output be the only one: rows of numbers called `scores`."""
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - only where the extra is

    shape = numpy_helper.from_array(np.array([-1, width], np.int64), "rows_of_scores")
    graph.initializer.append(shape)
    cast = helper.make_node("Cast", [graph.output[0].name], ["as_floats"], to=TensorProto.FLOAT)
    reshape = helper.make_node("Reshape", ["as_floats", shape.name], [OUTPUT])
    graph.node.extend([cast, reshape])
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, width]))


def scores_only(model: Any, column: int | None = None) -> Any:
    """Return a classifier's ONNX model with its probabilities as the only output.

    Args:
        model: its last output holds one probability a class.
        column: of the class that is kept, for two classes; None: all.
    """
    return _ending(model, column, ())


def decisions_only(model: Any, column: int | None = None) -> Any:
    """Return the same of a classifier without probabilities, whose decisions come between 0 and 1.

    Args:
        model: its last output holds one decision a class, as `decision_function` does.
        column: as in `scores_only`.
    """
    half = np.array(0.5, np.float32)
    between = (("Softsign", None), ("Mul", half), ("Add", half))  # as `native.sklearn.scores`
    return _ending(model, column, between)


def _ending(
    model: Any, column: int | None, operations: Sequence[tuple[str, NDArray[Any] | None]]
) -> Any:
    """Return a model whose only output is one column, or all, of its last one, after operations."""
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - only where the extra is

    graph = model.graph
    first = ("Identity", None) if column is None else ("Gather", np.array([column], np.int64))
    steps = (first, *operations)
    source = graph.output[-1].name
    for number, (operation, other) in enumerate(steps, 1):
        inputs = [source]
        if other is not None:
            inputs.append(f"{operation}_with")
            graph.initializer.append(numpy_helper.from_array(other, inputs[1]))
        source = OUTPUT if number == len(steps) else f"{operation}_of_scores"
        how: dict[str, Any] = {"axis": 1} if operation == "Gather" else {}
        graph.node.append(helper.make_node(operation, inputs, [source], **how))
    del graph.output[:]
    shape = [None, None if column is None else 1]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape))
    return model


def by_label(model: Any, rows: Floats, labels: int) -> Any:
    """Return a converted estimator of several labels with one number for each as its only output.

    Converters write probabilities in four forms: a matrix for each label, in one tensor or in a
    sequence; a row with those of 0 before those of 1; or a row of numbers, as they should.

    Args:
        model: its last output holds what the estimator gives.
        rows: some, to find out which form it is; not as many as labels.
        labels: how many there are.

    Raises:
        ValueError: it is none of these.
    """
    import onnx  # noqa: PLC0415 - only where the extra is
    from onnx import helper  # noqa: PLC0415

    graph = model.graph
    source, kind = graph.output[-1].name, graph.output[-1].type
    (wanted, values), nodes = _of_form(_last_shape(model, rows), len(rows), labels)
    if kind.HasField("sequence_type"):
        joined = helper.make_node("ConcatFromSequence", [source], ["joined"], axis=0, new_axis=1)
        graph.node.append(joined)
        source = "joined"
    graph.initializer.append(onnx.numpy_helper.from_array(values, wanted))
    for number, (operation, attributes) in enumerate(nodes, 1):
        inputs = [source, wanted] if number == 1 else [source]
        source = OUTPUT if number == len(nodes) else f"{operation}_of_labels"
        graph.node.append(helper.make_node(operation, inputs, [source], **attributes))
    del graph.output[:], graph.value_info[:]  # converters note shapes for one label
    graph.output.append(
        helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [None, labels])
    )
    return model


def _of_form(
    shape: tuple[int, ...], rows: int, labels: int
) -> tuple[tuple[str, NDArray[Any]], list[tuple[str, dict[str, Any]]]]:
    """Return the second input of the first operation, by name, and the operations in order."""
    if shape == (labels, rows, 2):
        kept = ("kept", np.array(1, np.int64))
        return kept, [("Gather", {"axis": 2}), ("Transpose", {"perm": [1, 0]})]
    if shape == (rows, 2 * labels):
        return ("kept", np.arange(labels, 2 * labels)), [("Gather", {"axis": 1})]
    if np.prod(shape) == labels * rows:
        return ("row", np.array([-1, labels], np.int64)), [("Reshape", {})]
    raise ValueError(f"the converter gives shape {shape} for {rows} entries")


def _last_shape(model: Any, rows: Floats) -> tuple[int, ...]:
    session = _session(model.SerializeToString())
    return np.shape(session.run(None, {session.get_inputs()[0].name: rows})[-1])


def side_by_side(models: Sequence[Any]) -> Any:
    """Return one model with the numbers of several models for the same input, behind each other.

    Args:
        models: each has the input `input` and one output, shape (n, numbers).
    """
    from onnx import TensorProto, compose, helper  # noqa: PLC0415 - only where the extra is

    parts = [
        compose.add_prefix(model, f"of_{place}_", rename_inputs=False)
        for place, model in enumerate(models)
    ]
    joined = helper.make_node(
        "Concat", [part.graph.output[0].name for part in parts], [OUTPUT], axis=1
    )
    graph = helper.make_graph(
        [*(node for part in parts for node in part.graph.node), joined],
        "side_by_side",
        parts[0].graph.input,
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, None])],
        [constant for part in parts for constant in part.graph.initializer],
    )
    found = helper.make_model(graph, opset_imports=parts[0].opset_import)
    found.ir_version = parts[0].ir_version
    return found


def named(model: Any, names: Sequence[str]) -> Any:
    """Return an ONNX model whose outputs, in their order, have these names."""
    import onnx  # noqa: PLC0415 - only where the extra is

    graph = model.graph
    sources = [each.name for each in graph.output]
    del graph.output[:]
    for source, name in zip(sources, names, strict=True):
        graph.node.append(onnx.helper.make_node("Identity", [source], [name]))
        kind = onnx.TensorProto.FLOAT
        graph.output.append(onnx.helper.make_tensor_value_info(name, kind, [None, None]))
    return model


def _difference(data: bytes, sample: Floats, expected: Floats | Mapping[str, Floats]) -> float:
    """Return the largest relative difference on real entries."""
    session = _session(data)
    wanted = expected if isinstance(expected, Mapping) else {OUTPUT: expected}
    names = [*wanted] if len(wanted) > 1 else None
    got = session.run(names, {session.get_inputs()[0].name: sample})
    return max(
        agreement(FILE, values.reshape(each.shape), each).difference
        for values, each in zip(got, wanted.values(), strict=names is not None)
    )


def _session(data: bytes) -> Any:
    with silence():  # it looks for devices, and complains of those that a sandbox hides
        import onnxruntime  # noqa: PLC0415 - only where the extra is

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what ends it; errors are raised as well
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def agreement(file: str, got: Floats, expected: Floats, tolerance: float = TOLERANCE) -> Conversion:
    """Return how far the outputs of a converted file are from those of the model."""
    parts = np.abs(got - expected) / np.maximum(1.0, np.abs(expected))
    difference = float(np.max(parts, initial=0))
    return Conversion(file=file, difference=difference, tolerance=tolerance)


def say(line: str) -> None:
    """Print a line into the run's log."""
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log
