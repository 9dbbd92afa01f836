"""One inference request of the Open Inference Protocol, and its answer: JSON or raw bytes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.call import Answer, json_answer
from mlaas4hep.http.predict.classes import classes_of
from mlaas4hep.http.predict.inference.exact import exact, nested, strings
from mlaas4hep.http.predict.inference.rowalone import row_alone
from mlaas4hep.http.predict.inference.rowanswer import row_answer
from mlaas4hep.http.predict.inference.tensors import STRINGS
from mlaas4hep.http.predict.inference.texts import packed, unpacked
from mlaas4hep.http.predict.inference.v2_outputs import Output
from mlaas4hep.http.predict.jsonbody import check_told
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Outputs

MAX_DIMENSIONS = 64  #: as NumPy has
MAX_TENSORS = 10_000  #: of a request: more are no model's, and each takes its time
_BITS = (8, 16, 32, 64)
RAW = (bytes, memoryview)
_DTYPES = {
    "BOOL": "bool",
    **{f"INT{bits}": f"int{bits}" for bits in _BITS},
    **{f"UINT{bits}": f"uint{bits}" for bits in _BITS},
    **{f"FP{bits}": f"float{bits}" for bits in _BITS[1:]},
}
_DTYPES["BYTES"] = STRINGS
_DATATYPES = {dtype: datatype for datatype, dtype in _DTYPES.items()}
_OF_NUMBERS = {np.dtype(dtype): name for name, dtype in _DTYPES.items() if dtype != STRINGS}


class Input(NamedTuple):
    """One input tensor as it was sent."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    data: Any  #: nested or flat lists; bytes if it came binary

    def about(self, data: Any) -> "Input":
        """Return the same input with other values."""
        return Input(self.name, self.shape, self.datatype, data)

    def array(self, served: LoadedModel) -> Array:
        """Return the values in the type that the model takes.

        Raises:
            InvalidRequestError: they do not fit the shape or the type that is announced.
        """
        dtype = _DTYPES[self.datatype]
        if dtype == STRINGS:
            return self._strings(served)
        if isinstance(self.data, RAW):
            kind = np.dtype("u1" if dtype == "bool" else dtype).newbyteorder("<")  # 2 is no bool
            array = exact(self.name, np.frombuffer(self.data, kind), dtype)
        else:
            array = exact(self.name, nested(self.name, self.data, dtype), dtype)
        array = self._shaped(array)
        wanted = _type_of(served, self.name, dtype)
        if wanted == STRINGS:
            raise InvalidRequestError(f"input {self.name!r} takes BYTES, not {self.datatype}")
        return exact(self.name, array, wanted)

    def _strings(self, served: LoadedModel) -> Array:
        if _type_of(served, self.name, STRINGS) != STRINGS:
            raise InvalidRequestError(f"input {self.name!r} does not take BYTES")
        if isinstance(self.data, RAW):
            array = np.array([*unpacked(self.name, self.data), None], object)[:-1]
        else:
            array = strings(self.name, self.data)
        return self._shaped(array)

    def _shaped(self, array: Array) -> Array:
        """Return values in the shape that is announced: flat ones, or nested just so."""
        size = math.prod(self.shape)
        if array.size != size:
            raise InvalidRequestError(
                f"input {self.name!r} has {array.size} values, shape {list(self.shape)} needs {size}"
            )
        if array.ndim > 1 and array.shape != self.shape:
            raise InvalidRequestError(
                f"input {self.name!r} has data nested as {list(array.shape)}, and its shape is "
                f"{list(self.shape)}",
                hint="nest the data as the shape says, or send it flat",
            )
        try:
            return array.reshape(self.shape)
        except (ValueError, OverflowError) as error:  # beside a 0, any size goes with no values
            raise InvalidRequestError(
                f"input {self.name!r} has a shape of {len(self.shape)} dimensions up to "
                f"{max(self.shape)}, which no array has"
            ) from error


class InferRequest(NamedTuple):
    """One request."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]  #: empty: all
    binary: bool  #: all outputs, unless they say otherwise
    id: str
    signature: str = ""  #: "": the model's own


def _type_of(served: LoadedModel, name: str, otherwise: str) -> str:
    return next((each.dtype for each in served.runtime.inputs if each.name == name), otherwise)


def datatype(dtype: str) -> str:
    """Return the protocol's name of a NumPy type."""
    return _DATATYPES.get(dtype, "BYTES")


def from_json(message: Any, raw: bytes | memoryview = b"") -> InferRequest:
    """Return the request in a JSON object, with binary tensors behind it."""
    if not raw and (row := row_alone(message)):
        one = Input(row.name, (1, len(row.values)), "FP32", row.values)
        return InferRequest((one,), (), binary=False, id=row.id)
    try:
        _check_number(message)
        parameters = message.get("parameters") or {}
        binary = bool(parameters.get("binary_data_output", False))
        outputs = tuple([Output.of(each, binary) for each in message.get("outputs") or ()])
        inputs, used = _inputs(message["inputs"], raw)
        request_id = str(message.get("id", ""))
        signature = parameters.get("signature_name", "")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidRequestError(
            f"this is no inference request: {type(error).__name__} {error}",
            hint='{"inputs": [{"name", "shape", "datatype", "data"}]}',
        ) from error
    names = [each.name for each in inputs]
    if len(names) > 1 and len(set(names)) < len(names):
        raise InvalidRequestError(f"an input is there twice: {', '.join(names)}")
    if not isinstance(signature, str):
        raise InvalidRequestError(f"signature_name is {signature!r}, not a name")
    if used != len(raw):
        raise InvalidRequestError(f"{len(raw)} bytes follow the JSON, the inputs take {used}")
    return InferRequest(inputs, outputs, binary, request_id, signature)


def _check_number(message: Mapping[str, Any]) -> None:
    for name in ("inputs", "outputs"):
        number = len(message.get(name) or ())
        if number > MAX_TENSORS:
            raise InvalidRequestError(f"{number} {name} are more than {MAX_TENSORS}")


def answer(request: InferRequest, served: LoadedModel, outputs: Outputs) -> Answer:
    """Return the outputs that were asked for, each as it was asked for."""
    plain = row_answer(request.outputs, request.id, served, outputs, binary=request.binary)
    if plain is not None:
        return plain
    wanted = request.outputs or [Output(name, request.binary) for name in outputs]
    described, blobs = [], []
    for each in wanted:
        if each.name not in outputs:
            raise InvalidRequestError(
                f"model {served.record.name!r} has no output {each.name!r}",
                hint=f"its outputs: {', '.join(outputs)}",
            )
        values = np.asarray(outputs[each.name])
        head, blob = _described(each, values)
        is_known = each.name == served.output or _has_outputs(served)
        if is_known and (classes := classes_of(served, values, each.name)):
            head.setdefault("parameters", {})["classes"] = ",".join(classes)
        described.append(head)
        blobs += [] if blob is None else [blob]
    return _packed(request, served, described, blobs)


def _has_outputs(served: LoadedModel) -> bool:
    """Tell whether it was trained here to give several outputs."""
    return bool(served.contract and served.contract.outputs)


def _described(output: Output, values: Array) -> tuple[dict[str, Any], bytes | None]:
    """Return the description of an output, and its bytes if they go behind the JSON."""
    is_text = values.dtype == object
    head: dict[str, Any] = {
        "name": output.name,
        "datatype": _OF_NUMBERS.get(values.dtype, "BYTES"),
        "shape": values.shape,
    }
    if not output.binary:
        check_told(values)
        head["data"] = _texts(output, values) if is_text else values.ravel()  # contiguous
        return head, None
    blob = packed(values) if is_text else np.ascontiguousarray(values).tobytes()
    head["parameters"] = {"binary_data_size": len(blob)}
    return head, blob


def _texts(output: Output, values: Array) -> list[str]:
    try:
        return [each.decode() if isinstance(each, bytes) else str(each) for each in values.flat]
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"output {output.name!r} has bytes that are no text",
            hint='ask for it with "parameters": {"binary_data": true}',
        ) from error


def _packed(
    request: InferRequest, served: LoadedModel, described: list[dict[str, Any]], blobs: list[bytes]
) -> Answer:
    message = {
        "model_name": served.record.name,
        "model_version": served.record.shown_version,
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
        data: Any = each["data"] if size is None else raw[at : at + length_of(size, len(raw) - at)]
        at += 0 if size is None else int(size)
        found.append(_input(each, data))
    return tuple(found), at


def _input(described: Mapping[str, Any], data: Any) -> Input:
    name, kind = str(described["name"]), str(described["datatype"])
    if kind not in _DTYPES:
        raise InvalidRequestError(
            f"input {name!r} is of datatype {kind!r}", hint=f"known: {', '.join(_DTYPES)}"
        )
    sizes = described["shape"]
    if not _is_shape(sizes):
        raise InvalidRequestError(
            f"input {name!r} has shape {sizes!r}",
            hint=f"a list of at most {MAX_DIMENSIONS} whole numbers, such as [1, 4]",
        )
    shape = tuple(sizes)
    is_raw = isinstance(data, RAW) and kind != "BYTES"
    if is_raw and len(data) % np.dtype(_DTYPES[kind]).itemsize:
        raise InvalidRequestError(f"input {name!r}: {len(data)} bytes are no whole {kind} values")
    return Input(name, shape, kind, data)


def _is_shape(sizes: Any) -> bool:
    """Tell whether a shape can be one; what more dimensions hold together takes long to work out."""
    return (
        isinstance(sizes, list)
        and len(sizes) <= MAX_DIMENSIONS
        and all(type(size) is int and size >= 0 for size in sizes)
    )


def length_of(value: Any, most: int) -> int:
    """Return a length that was sent; InvalidRequestError if it is none, or more than `most`."""
    try:
        length = -1 if isinstance(value, bool | float) else int(value)
    except (TypeError, ValueError):
        length = -1
    if not 0 <= length <= most:
        raise InvalidRequestError(f"a length of {value!r} in a body that has {most} bytes left")
    return length
