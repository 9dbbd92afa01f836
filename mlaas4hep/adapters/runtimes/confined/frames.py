"""Named arrays and a little JSON over a stream socket, between us and a process we do not trust.

A frame is two lengths, a JSON head and the bytes of the arrays. Nothing is pickled; what comes in
must fit the types and sizes that it announces. Strings are their lengths (uint32), then their bytes.
"""

import json
import math
import socket
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array

_LENGTHS = struct.Struct("<IQ")
_MAX_HEAD_BYTES = 1024**2
_MAX_BODY_BYTES = 1024**3
_KINDS = "biuf"
_STRINGS = "strings"


class FrameError(Exception):
    """The other side sent what is no frame."""


def send(end: socket.socket, head: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Send one frame; OSError if the other side is gone or too slow."""
    packed = {name: _packed(values) for name, values in arrays.items()}
    described = [
        [name, _STRINGS if _is_text(arrays[name]) else each.dtype.str, arrays[name].shape]
        for name, each in packed.items()
    ]
    text = json.dumps({"head": head, "arrays": described}).encode()
    size = sum(each.nbytes for each in packed.values())
    buffers = [each.data.cast("B") for each in packed.values() if each.nbytes]
    end.sendall(b"".join([_LENGTHS.pack(len(text), size), text, *buffers]))


def receive(end: socket.socket) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return head and arrays of the next frame.

    Raises:
        EOFError: the other side is gone.
        FrameError: what came is no frame.
        TimeoutError: it did not come within the socket's timeout.
    """
    head_bytes, body_bytes = _LENGTHS.unpack(_exactly(end, _LENGTHS.size))
    if head_bytes > _MAX_HEAD_BYTES or body_bytes > _MAX_BODY_BYTES:
        raise FrameError(f"a frame of {head_bytes} and {body_bytes} bytes")
    text = bytes(_exactly(end, head_bytes))
    try:
        message = json.loads(text)
        return dict(message["head"]), _arrays(message["arrays"], _exactly(end, body_bytes))
    except (ValueError, KeyError, TypeError) as error:
        raise FrameError(f"a frame that cannot be read: {error}") from error


def _exactly(end: socket.socket, size: int) -> bytearray:
    buffer = bytearray(size)
    view = memoryview(buffer)
    got = 0
    while got < size:
        count = end.recv_into(view[got:])
        if not count:
            raise EOFError("the other side is gone")
        got += count
    return buffer


def _is_text(values: Array) -> bool:
    return values.dtype.kind in "OSU"


def _packed(values: Array) -> Array:
    if not _is_text(values):
        return np.ascontiguousarray(values)
    texts = [each if isinstance(each, bytes) else str(each).encode() for each in values.flat]
    lengths = np.array([len(each) for each in texts], "<u4").tobytes()
    return np.frombuffer(lengths + b"".join(texts), np.uint8)


def _arrays(described: Any, body: bytearray) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    at = 0
    for name, text, shape in described:
        if any(size < 0 for size in shape):
            raise ValueError(f"array {name!r} of shape {shape}")
        if text == _STRINGS:
            arrays[str(name)], at = _texts(body, at, shape)
            continue
        dtype = np.dtype(text)
        if dtype.kind not in _KINDS:
            raise ValueError(f"array {name!r} of type {text!r}")
        count = math.prod(shape)
        arrays[str(name)] = np.frombuffer(body, dtype, count, at).reshape(shape)
        at += count * dtype.itemsize
    return arrays


def _texts(body: bytearray, at: int, shape: list[int]) -> tuple[Array, int]:
    count = math.prod(shape)
    lengths = np.frombuffer(body, "<u4", count, at)
    at += lengths.nbytes
    texts = np.empty(count, object)
    for place, length in enumerate(lengths.tolist()):
        if at + length > len(body):
            raise ValueError("a string ends behind the frame")
        texts[place] = bytes(body[at : at + length])
        at += length
    return texts.reshape(shape), at
