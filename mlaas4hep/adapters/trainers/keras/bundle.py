"""The trained model in the formats that others serve."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from tensorflow.core.protobuf import saved_model_pb2

TOLERANCE = 1e-5


def write(
    folder: Path,
    model: Any,
    history: Sequence[dict[str, float]],
    sample: NDArray[np.float32],
) -> None:
    """Write SavedModel, model.keras, history.json and, if it holds, model.tflite.

    Args:
        sample: real entries on which the TensorFlow Lite model must agree.
    """
    shutil.rmtree(folder, ignore_errors=True)
    model.export(str(folder), format="tf_saved_model", verbose=False)
    (folder / "fingerprint.pb").unlink(missing_ok=True)
    (folder / "assets").mkdir(exist_ok=True)
    _write_keras(folder / "model.keras", model)
    series = {name: [each.get(name) for each in history] for name in _names(history)}
    (folder / "history.json").write_text(json.dumps(series), encoding="utf-8")
    _write_lite(folder, sample)


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a bundle with their paths inside it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def nodes(folder: Path) -> tuple[str, str]:
    """Return the names of input and output in the graph of the serving signature."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    signature = saved.meta_graphs[0].signature_def["serving_default"]
    first = next(iter(signature.inputs.values())).name
    last = next(iter(signature.outputs.values())).name
    return first.partition(":")[0], last.partition(":")[0]


def _names(history: Sequence[dict[str, float]]) -> list[str]:
    return sorted({name for metrics in history for name in metrics})


def _write_keras(path: Path, model: Any) -> None:
    try:
        model.save(path)
    except Exception as error:  # noqa: BLE001 - somebody's own layers, which others may not know
        path.unlink(missing_ok=True)
        _say(f"no model.keras: {type(error).__name__}: {str(error).splitlines()[:1]}")


def _write_lite(folder: Path, sample: NDArray[np.float32]) -> None:
    try:
        lite = tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()
        difference = _difference(folder, lite, sample)
    except Exception as error:  # noqa: BLE001 - whatever a converter raises: the model is good
        _say(f"no model.tflite: {type(error).__name__}: {str(error).splitlines()[:1]}")
        return
    if not difference <= TOLERANCE:
        _say(f"no model.tflite: it differs from the SavedModel by {difference:.2g}")
        return
    (folder / "model.tflite").write_bytes(lite)


def _difference(folder: Path, lite: bytes, sample: NDArray[np.float32]) -> float:
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
