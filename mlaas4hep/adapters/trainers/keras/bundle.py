"""The trained model in the formats that others serve."""

import io
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.core.protobuf import saved_model_pb2

from mlaas4hep.adapters.trainers import onnxfile
from mlaas4hep.adapters.trainers.framework import Export, Floats
from mlaas4hep.adapters.trainers.keras.older.keras2 import is_keras2
from mlaas4hep.core.models.bundle.conversion import (
    NOT_INSTALLED,
    Conversion,
    Converted,
    NotMade,
)

TOLERANCE = 1e-5
_LITE = "model.tflite"
_OPSET = 18  #: that ONNX Runtimes since 2023 read


def write(folder: Path, model: Any, sample: Floats) -> Export:
    """Write SavedModel, model.keras and, where they agree with it, model.tflite and model.onnx.

    Args:
        folder: of the bundle, empty.
        model: trained.
        sample: real entries on which conversions must agree.
    """
    if is_keras2(model):
        model.export(str(folder))
    else:
        model.export(str(folder), format="tf_saved_model", verbose=False)
    (folder / "fingerprint.pb").unlink(missing_ok=True)
    (folder / "assets").mkdir(exist_ok=True)
    unsaved = write_keras(folder / "model.keras", model)
    first, last = nodes(folder)
    found = (_write_lite(folder, sample), _write_onnx(folder, model, sample), *unsaved)
    return Export.of(*found, input_node=first, output_node=last)


def nodes(folder: Path) -> tuple[str, str]:
    """Return the names of input and output in the graph of the serving signature."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    signature = saved.meta_graphs[0].signature_def["serving_default"]
    first = next(iter(signature.inputs.values())).name
    last = next(iter(signature.outputs.values())).name
    return first.partition(":")[0], last.partition(":")[0]


def write_keras(path: Path, model: Any) -> tuple[NotMade, ...]:
    """Write the model as Keras does, if its layers let it; return why not."""
    try:
        model.save(path)
    except Exception as error:  # noqa: BLE001 - somebody's own layers, which others may not know
        path.unlink(missing_ok=True)
        return (onnxfile.failed(path.name, error),)
    return ()


def _write_lite(folder: Path, sample: Floats) -> Converted:
    try:
        lite = tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()
        difference = _difference(folder, lite, sample)
    except Exception as error:  # noqa: BLE001 - whatever a converter raises: the model is good
        return onnxfile.failed(_LITE, error)
    found = Conversion(file=_LITE, difference=difference, tolerance=TOLERANCE)
    if not found.agrees:
        return onnxfile.differs(found)
    (folder / _LITE).write_bytes(lite)
    return found


def _write_onnx(folder: Path, model: Any, sample: Floats) -> Converted:
    if find_spec("tf2onnx") is None:
        return onnxfile.not_made(onnxfile.FILE, NOT_INSTALLED)
    columns = sample.shape[1]
    given = (tf.TensorSpec((None, columns), tf.float32, name="input"),)
    once = model(sample[:1], training=False)
    names = sorted(once) if isinstance(once, dict) else [onnxfile.OUTPUT]
    function = tf.function(lambda x: _in_order(model(x, training=False)), given)
    outputs = (each.numpy() for each in function(tf.constant(sample)))
    expected = dict(zip(names, outputs, strict=True))

    def converted() -> Any:
        import tf2onnx  # noqa: PLC0415 - only where the extra is

        with redirect_stderr(io.StringIO()):
            made, _ = tf2onnx.convert.from_function(function, input_signature=given, opset=_OPSET)
        _keep_constants(made.graph, function)
        return onnxfile.named(made, names)

    return onnxfile.write(folder, converted, sample, expected)


def _keep_constants(graph: Any, function: Any) -> None:
    """Store what an adapted Normalization measured in the graph; the converter makes inputs of it."""
    from onnx import numpy_helper  # noqa: PLC0415 - only where the extra is

    captures = function.get_concrete_function().graph.captures
    known = {inside.name: outside for outside, inside in captures}
    for each in [given for given in graph.input if given.name in known]:
        graph.input.remove(each)
        graph.initializer.append(numpy_helper.from_array(known[each.name].numpy(), each.name))


def _difference(folder: Path, lite: bytes, sample: Floats) -> float:
    """Return the largest relative difference between both on real entries."""
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    expected = serve(**{name: tf.constant(sample)})
    runner = Interpreter(model_content=lite, num_threads=1).get_signature_runner()
    got = runner(**{name: sample})
    return max(
        onnxfile.agreement("", got[output], each.numpy()).difference
        for output, each in expected.items()
    )


def _in_order(given: Any) -> list[Any]:
    """Return the outputs of a model in the order of their names."""
    parts = [given[name] for name in sorted(given)] if isinstance(given, dict) else [given]
    return [tf.cast(each, tf.float32) for each in parts]
