"""The trained model in the formats that others serve."""

import io
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.core.protobuf import saved_model_pb2

from mlaas4hep.adapters.trainers import onnxfile
from mlaas4hep.adapters.trainers.framework import Exported, Floats
from mlaas4hep.adapters.trainers.keras.keras2 import is_keras2
from mlaas4hep.core.models.conversion import Conversion

TOLERANCE = 1e-5
_OPSET = 18  #: that ONNX Runtimes since 2023 read


def write(folder: Path, model: Any, sample: Floats) -> Exported:
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
    write_keras(folder / "model.keras", model)
    first, last = nodes(folder)
    conversions = (*_write_lite(folder, sample), *_write_onnx(folder, model, sample))
    return Exported(input_node=first, output_node=last, conversions=conversions)


def nodes(folder: Path) -> tuple[str, str]:
    """Return the names of input and output in the graph of the serving signature."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    signature = saved.meta_graphs[0].signature_def["serving_default"]
    first = next(iter(signature.inputs.values())).name
    last = next(iter(signature.outputs.values())).name
    return first.partition(":")[0], last.partition(":")[0]


def write_keras(path: Path, model: Any) -> None:
    """Write the model as Keras does, if its layers let it."""
    try:
        model.save(path)
    except Exception as error:  # noqa: BLE001 - somebody's own layers, which others may not know
        path.unlink(missing_ok=True)
        _say(f"no model.keras: {type(error).__name__}: {str(error).splitlines()[:1]}")


def _write_lite(folder: Path, sample: Floats) -> tuple[Conversion, ...]:
    try:
        lite = tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()
        difference = _difference(folder, lite, sample)
    except Exception as error:  # noqa: BLE001 - whatever a converter raises: the model is good
        _say(f"no model.tflite: {type(error).__name__}: {str(error).splitlines()[:1]}")
        return ()
    if not difference <= TOLERANCE:
        _say(f"no model.tflite: it differs from the SavedModel by {difference:.2g}")
        return ()
    (folder / "model.tflite").write_bytes(lite)
    return (Conversion(file="model.tflite", difference=difference, tolerance=TOLERANCE),)


def _write_onnx(folder: Path, model: Any, sample: Floats) -> tuple[Conversion, ...]:
    if find_spec("tf2onnx") is None:
        return ()
    columns = sample.shape[1]
    given = (tf.TensorSpec((None, columns), tf.float32, name="input"),)
    function = tf.function(lambda x: tf.cast(model(x, training=False), tf.float32), given)

    def converted() -> Any:
        import tf2onnx  # noqa: PLC0415 - only where the extra is

        with redirect_stderr(io.StringIO()):
            made, _ = tf2onnx.convert.from_function(function, input_signature=given, opset=_OPSET)
        return onnxfile.scores_only(made)

    expected = function(tf.constant(sample)).numpy()
    return onnxfile.write(folder, converted, sample, expected)


def _difference(folder: Path, lite: bytes, sample: Floats) -> float:
    """Return the largest relative difference between both on real entries."""
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    expected = next(iter(serve(**{name: tf.constant(sample)}).values())).numpy()
    interpreter = Interpreter(model_content=lite, num_threads=1)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, sample.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, sample)
    interpreter.invoke()
    got = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return float(np.max(np.abs(got - expected) / np.maximum(1.0, np.abs(expected))))


def _say(line: str) -> None:
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log
