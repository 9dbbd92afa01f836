"""One inference request of the Open Inference Protocol, and its answer: JSON or raw bytes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.call import Answer, json_answer
from mlaas4hep.http.predict.tensors import tensor
from mlaas4hep.serving.questions import Outputs
from mlaas4hep.serving.registry import Served

_BITS = (8, 16, 32, 64)
_DTYPES = {
    "BOOL": "bool",
    **{f"INT{bits}": f"int{bits}" for bits in _BITS},
    **{f"UINT{bits}": f"uint{bits}" for bits in _BITS},
    **{f"FP{bits}": f"float{bits}" for bits in _BITS[1:]},
}
_DATATYPES = {dtype: datatype for datatype, dtype in _DTYPES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input tensor as it was sent."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    data: Any  #: nested or flat lists; bytes if it came binary

    def array(self, served: Served) -> Array:
        """Return the values in the type that the model takes.

        Raises:
            InvalidRequestError: they do not fit the shape or the type that is announced.
        """
        dtype = _DTYPES[self.datatype]
        if isinstance(self.data, bytes | memoryview):
            array = np.frombuffer(self.data, np.dtype(dtype).newbyteorder("<"))
        else:
            array = tensor(self.name, self.data, dtype)
        if array.size != math.prod(self.shape):
            raise InvalidRequestError(
                f"input {self.name!r} has {array.size} values, shape {list(self.shape)} needs "
                f"{math.prod(self.shape)}"
            )
        wanted = {each.name: each.dtype for each in served.runtime.inputs}
        return array.reshape(self.shape).astype(wanted.get(self.name, dtype), copy=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output tensor that is asked for."""

    name: str
    binary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InferRequest:
    """One request."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]  #: empty: all
    binary: bool  #: all outputs, unless they say otherwise
    id: str


def datatype(dtype: str) -> str:
    """Return the protocol's name of a NumPy type."""
    return _DATATYPES.get(dtype, "BYTES")


def parse(body: bytes, json_bytes: str) -> InferRequest:
    """Return the request in a body.

    Args:
        json_bytes: the header Inference-Header-Content-Length, "" if all of the body is JSON.

    Raises:
        InvalidRequestError: something is missing, of the wrong type, or of a wrong length.
    """
    split = _length(json_bytes, len(body)) if json_bytes else len(body)
    try:
        message = orjson.loads(memoryview(body)[:split])
        return from_json(message, memoryview(body)[split:])
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(f"the body is not JSON: {error}") from error


def from_json(message: Any, raw: bytes | memoryview = b"") -> InferRequest:
    """Return the request in a JSON object, with binary tensors behind it."""
    try:
        parameters = message.get("parameters") or {}
        binary = bool(parameters.get("binary_data_output", False))
        outputs = tuple(_output(each, binary) for each in message.get("outputs") or ())
        inputs, used = _inputs(message["inputs"], raw)
        request_id = str(message.get("id", ""))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidRequestError(
            f"this is no inference request: {type(error).__name__} {error}",
            hint='{"inputs": [{"name", "shape", "datatype", "data"}]}',
        ) from error
    if used != len(raw):
        raise InvalidRequestError(f"{len(raw)} bytes follow the JSON, the inputs take {used}")
    return InferRequest(inputs=inputs, outputs=outputs, binary=binary, id=request_id)


def answer(request: InferRequest, served: Served, outputs: Outputs) -> Answer:
    """Return the outputs that were asked for, each as it was asked for."""
    wanted = request.outputs or tuple(Output(name=n, binary=request.binary) for n in outputs)
    described, blobs = [], []
    for each in wanted:
        if each.name not in outputs:
            raise InvalidRequestError(
                f"model {served.record.name!r} has no output {each.name!r}",
                hint=f"its outputs: {', '.join(outputs)}",
            )
        values = np.ascontiguousarray(outputs[each.name])
        head: dict[str, Any] = {
            "name": each.name,
            "datatype": datatype(values.dtype.name),
            "shape": values.shape,
        }
        if each.binary:
            head["parameters"] = {"binary_data_size": values.nbytes}
            blobs.append(values.tobytes())
        else:
            head["data"] = values.reshape(-1)
        described.append(head)
    return _packed(request, served, described, blobs)


def _packed(
    request: InferRequest, served: Served, described: list[dict[str, Any]], blobs: list[bytes]
) -> Answer:
    message = {
        "model_name": served.record.name,
        "model_version": served.record.version,
        "outputs": described,
    }
    if request.id:
        message["id"] = request.id
    plain = json_answer(message)
    if not blobs:
        return plain
    return Answer(
        body=b"".join([plain.body, *blobs]),
        content_type=b"application/octet-stream",
        headers=((b"inference-header-content-length", b"%d" % len(plain.body)),),
    )


def _inputs(
    described: Sequence[Mapping[str, Any]], raw: bytes | memoryview
) -> tuple[tuple[Input, ...], int]:
    found = []
    at = 0
    for each in described:
        size = (each.get("parameters") or {}).get("binary_data_size")
        data: Any = each["data"] if size is None else raw[at : at + _length(size, len(raw) - at)]
        at += 0 if size is None else int(size)
        found.append(_input(each, data))
    return tuple(found), at


def _input(described: Mapping[str, Any], data: Any) -> Input:
    name, kind = str(described["name"]), str(described["datatype"])
    if kind not in _DTYPES:
        raise InvalidRequestError(
            f"input {name!r} is of datatype {kind!r}", hint=f"known: {', '.join(_DTYPES)}"
        )
    shape = tuple(int(size) for size in described["shape"])
    if any(size < 0 for size in shape):
        raise InvalidRequestError(f"input {name!r} has shape {list(shape)}")
    if isinstance(data, bytes | memoryview) and len(data) % np.dtype(_DTYPES[kind]).itemsize:
        raise InvalidRequestError(f"input {name!r}: {len(data)} bytes are no whole {kind} values")
    return Input(name=name, shape=shape, datatype=kind, data=data)


def _output(described: Mapping[str, Any], binary: bool) -> Output:
    parameters = described.get("parameters") or {}
    return Output(name=str(described["name"]), binary=bool(parameters.get("binary_data", binary)))


def _length(value: Any, most: int) -> int:
    try:
        length = int(value)
    except (TypeError, ValueError):
        length = -1
    if not 0 <= length <= most:
        raise InvalidRequestError(f"a length of {value!r} in a body that has {most} bytes left")
    return length
