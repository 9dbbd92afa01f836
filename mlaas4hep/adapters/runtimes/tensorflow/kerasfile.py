"""Keras files: `.keras`, and `.h5` of any age."""

import zipfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from mlaas4hep.adapters.runtimes.entry import DEFAULT, Entry, Feeds, ModelError, Outputs
from mlaas4hep.adapters.runtimes.tensorflow.specs import arrays, described, tensors

_FREE_BYTES = 256 * 1024**2  #: that an archive of any size may unpack to
_MOST_TIMES = 4  #: its own size, that it may unpack to besides
_CURE = "export it where it was made, model.export(folder), and upload that folder"


def load(path: Path) -> dict[str, Entry]:
    """Return the only entry of a model; what would run code of its own is refused."""
    _check_size(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its layers raise
        model = _of_keras2(path)
        if model is None:
            raise ModelError(
                f"Keras {keras.__version__} cannot load it: {_first(error)}; {_CURE}"
            ) from error
    if not model.inputs:
        raise ModelError(f"the model does not know its inputs; {_CURE}")
    return {DEFAULT: _entry(model)}


def _check_size(path: Path) -> None:
    """Refuse an archive that holds far more than it is: Keras looks at large parts only."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        plain_bytes = sum(part.file_size for part in archive.infolist())
    if plain_bytes > _FREE_BYTES + _MOST_TIMES * path.stat().st_size:
        raise ModelError(
            f"it has {path.stat().st_size} bytes and unpacks to {plain_bytes}; {_CURE}"
        )


def _of_keras2(path: Path) -> Any:
    """Return the model as Keras 2 reads it; None if that is not here or cannot either."""
    try:
        import tf_keras  # noqa: PLC0415 - a second, for old files only

        return tf_keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception:  # noqa: BLE001 - whatever its layers raise; what Keras 3 said is told
        return None


def _entry(model: Any) -> Entry:
    inputs = tuple(described(each.name, each) for each in model.inputs)
    found, form = tf.nest.flatten(model.outputs), _form(model)
    names = _output_names(model, len(found))

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def infer(given: dict[str, Any]) -> dict[str, Any]:
        values = keras.tree.pack_sequence_as(form, [given[each.name] for each in model.inputs])
        result = model(values, training=False)
        return dict(zip(names, tf.nest.flatten(result), strict=True))

    def call(feeds: Feeds) -> Outputs:
        return arrays(infer(tensors(feeds, inputs)))

    outputs = tuple(
        described(name, each, is_given=True) for name, each in zip(names, found, strict=True)
    )
    return Entry(inputs=inputs, outputs=outputs, call=call)


def _output_names(model: Any, count: int) -> list[str]:
    """Return the names of the outputs, flattened: keys of a dict, else `output_0` as `export` has it."""
    try:
        output = model.output
    except (AttributeError, ValueError):  # of models that were built without being called
        output = None
    if isinstance(output, dict) and len(output) == count:
        return sorted(output)
    return [f"output_{index}" for index in range(count)]


def _form(model: Any) -> Any:
    """Return the inputs as `call` takes them: one, a list, or by name."""
    try:
        return model.input
    except (AttributeError, ValueError):  # of models that were built without being called
        return model.inputs if len(model.inputs) > 1 else model.inputs[0]


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
