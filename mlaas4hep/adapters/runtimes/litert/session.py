"""One LiteRT model: entries by signature, resized to the number of rows that come (4 µs)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from mlaas4hep.adapters.runtimes.entry import DEFAULT, STRINGS, Described, Entry, Feeds, Outputs
from mlaas4hep.adapters.runtimes.litert.quantised import Quantisation, quantisation
from mlaas4hep.core.data.columns import Array

Details = dict[str, dict[str, Any]]  #: by the name that the signature gives a tensor


def interpreter_of(content: bytes) -> Any:
    """Return an interpreter that has allocated nothing yet; ValueError if it is no model."""
    return Interpreter(model_content=content, num_threads=1)


def entries(interpreter: Any) -> dict[str, Entry]:
    """Return the ways into a model by signature; "serving_default" if it has none."""
    names = list(interpreter.get_signature_list())
    if len(names) <= 1:
        return {names[0] if names else DEFAULT: _only_entry(interpreter)}
    return {name: _signature(interpreter.get_signature_runner(name)) for name in names}


def _only_entry(interpreter: Any) -> Entry:
    interpreter.allocate_tensors()
    inputs, outputs = _details(interpreter)
    session = _Session(interpreter, inputs, outputs)
    return _entry(inputs, outputs, session.run)


def _signature(runner: Any) -> Entry:
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    into, out = _quantisations(inputs), _quantisations(outputs)

    def run(feeds: Feeds) -> Outputs:
        given = {
            name: _fed(values, np.dtype(inputs[name]["dtype"]), into[name])
            for name, values in feeds.items()
        }
        return {name: _dequantised(values, out[name]) for name, values in runner(**given).items()}

    return _entry(inputs, outputs, run)


class _Session:
    """The whole graph of an interpreter, used by one thread at a time."""

    def __init__(self, interpreter: Any, inputs: Details, outputs: Details) -> None:
        self._interpreter = interpreter
        self._in = [
            (name, int(detail["index"]), np.dtype(detail["dtype"]), quantisation(detail))
            for name, detail in inputs.items()
        ]
        self._out = [
            (name, int(detail["index"]), quantisation(detail)) for name, detail in outputs.items()
        ]
        self._names = [name for name, *_ in self._in]
        self._due = [described(name, detail)[2] for name, detail in inputs.items()]
        self._shapes: list[tuple[int, ...]] = []

    def run(self, feeds: Feeds) -> Outputs:
        outputs = {}
        try:
            shapes = [feeds[name].shape for name in self._names]
            if shapes != self._shapes:
                self._resize(shapes)
            for name, index, dtype, how in self._in:
                values = feeds[name]
                if how is not None or values.dtype != dtype or not values.flags.c_contiguous:
                    values = _fed(values, dtype, how)
                self._interpreter.set_tensor(index, values)
            self._interpreter.invoke()
            for name, index, how in self._out:
                values = self._interpreter.get_tensor(index)
                outputs[name] = _dequantised(values, how)
        except (ValueError, RuntimeError):
            self._shapes = []
            raise
        return outputs

    def _resize(self, shapes: list[tuple[int, ...]]) -> None:
        for name, shape, due in zip(self._names, shapes, self._due, strict=True):
            _check_shape(name, shape, due)
        for (_, index, *_), shape in zip(self._in, shapes, strict=True):
            self._interpreter.resize_tensor_input(index, list(shape))
        self._interpreter.allocate_tensors()
        self._shapes = shapes


def _check_shape(name: str, shape: tuple[int, ...], due: tuple[int, ...] | None) -> None:
    """Refuse rows of another width, of which LiteRT would make more or fewer rows."""
    if due is None:  # the model does not say
        return
    fits = len(shape) == len(due) and all(
        wanted in {-1, size} for size, wanted in zip(shape[1:], due[1:], strict=True)
    )
    if not fits:
        raise ValueError(f"input {name!r} has shape {shape}, and the model takes {due}")


def _fed(values: Array, dtype: np.dtype[Any], how: Quantisation | None) -> Array:
    if how is not None:
        return how.integers(values)
    return values if values.dtype == object else np.ascontiguousarray(values, dtype=dtype)


def _dequantised(values: Array, how: Quantisation | None) -> Array:
    return values if how is None else how.numbers(values)


def _details(interpreter: Any) -> tuple[Details, Details]:
    """Return inputs and outputs by the names that the model's signature gives them."""
    signatures = interpreter.get_signature_list()
    if len(signatures) == 1:
        runner = interpreter.get_signature_runner(next(iter(signatures)))
        return runner.get_input_details(), runner.get_output_details()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    return {each["name"]: each for each in inputs}, {each["name"]: each for each in outputs}


def _entry(inputs: Details, outputs: Details, call: Any) -> Entry:
    return Entry(
        inputs=tuple(described(name, detail) for name, detail in inputs.items()),
        outputs=tuple(described(name, detail) for name, detail in outputs.items()),
        call=call,
    )


def _quantisations(details: Details) -> dict[str, Quantisation | None]:
    return {name: quantisation(detail) for name, detail in details.items()}


def described(name: str, detail: Mapping[str, Any]) -> Described:
    """Return name, type and shape; what is quantised is shown as the numbers it stands for."""
    shape = detail.get("shape_signature")
    if shape is None or len(shape) == 0:
        shape = detail["shape"]
    dtype = np.dtype(detail["dtype"])
    kind = STRINGS if dtype.kind in "OSU" else dtype.name
    if quantisation(dict(detail)) is not None:
        kind = "float32"
    return name, kind, tuple(int(size) for size in shape)
