"""TFaaS's protobuf messages, read and written by their wire format.

Row          key = 1 (repeated text), value = 2 (repeated float), model = 3 (text)
Class        label = 1 (text), probability = 2 (float)
Predictions  prediction = 1 (repeated Class)
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.errors import InvalidRequestError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BITS = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of network inputs."""

    keys: tuple[str, ...]
    values: NDArray[np.float32]
    model: str


def read_row(message: bytes) -> Row:
    """Return the `Row` in a message; fields that we do not know pass.

    Raises:
        InvalidRequestError: it is not a protobuf message, or its fields are of other types.
    """
    keys: list[str] = []
    values: list[bytes] = []
    model = ""
    try:
        for number, kind, content in _fields(message):
            if (number, kind) == (1, _BYTES):
                keys.append(content.decode())
            elif number == 2 and kind in (_BYTES, _FIXED32):  # noqa: PLR2004 - packed or not
                values.append(content)
            elif (number, kind) == (3, _BYTES):
                model = content.decode()
        row = np.frombuffer(b"".join(values), "<f4")
    except (ValueError, IndexError) as error:
        raise InvalidRequestError(f"unable to unmarshal Row: {error}") from error
    return Row(keys=tuple(keys), values=row.astype(np.float32), model=model)


def write_predictions(probabilities: Iterable[float], labels: tuple[str, ...] = ()) -> bytes:
    """Return a `Predictions` message with one `Class` for each probability."""
    classes = []
    for index, probability in enumerate(probabilities):
        label = labels[index].encode() if index < len(labels) else b""
        text = _tagged(1, label) if label else b""
        classes.append(_tagged(1, text + struct.pack("<Bf", 2 << 3 | _FIXED32, probability)))
    return b"".join(classes)


def _tagged(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | _BYTES]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, wire type and content of each field; numbers come without content."""
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        kind = tag & 7
        if kind == _VARINT:
            _, at = _read_varint(message, at)
            size = 0
        elif kind == _BYTES:
            size, at = _read_varint(message, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
        if at + size > len(message):
            raise ValueError("it ends too early")
        yield tag >> 3, kind, message[at : at + size]
        at += size


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte of the number
            return value, at
        shift += 7
        if shift > _MAX_VARINT_BITS:
            raise ValueError("a number is too long")
