"""Named arrays and a little JSON over a stream socket, between us and a process we do not trust.

A frame is two lengths, a JSON head and the bytes of the arrays. Nothing is pickled; what comes in
must fit the types and sizes that it announces. Strings are their lengths (uint32), then their bytes.
"""

import json
import math
import re
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array

_LENGTHS = struct.Struct("<IQ")
MAX_ANSWER_BYTES = 256 * 1024**2  #: of what a model gives for a batch
_MAX_HEAD_BYTES = 1024**2
_MAX_BODY_BYTES = 1024**3
_MAX_TEXTS = 4_000_000  #: in one frame; each is an object of its own
_MAX_DIMENSIONS = 64  #: as NumPy has
_AT_ONCE = 1024**2  #: bytes that are one piece
_ROOM = 8 * 1024**2  #: bytes; room for more is made when so many have come
KINDS = "biuf"  #: of numbers
_NUMBERS = re.compile(rf"[<>|=]?[{KINDS}][0-9]{{1,2}}")
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
    head_bytes = _LENGTHS.pack(len(text), size) + text
    if size <= _AT_ONCE:
        end.sendall(b"".join([head_bytes, *buffers]))
        return
    end.sendall(head_bytes)
    for each in buffers:  # as they lie there: a copy of all would take time and room
        end.sendall(each)


def receive(
    end: socket.socket, *, within_s: float = math.inf, most_bytes: int = _MAX_BODY_BYTES
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return head and arrays of the next frame.

    Args:
        end: the socket.
        within_s: how long all of the frame may take.
        most_bytes: that its arrays may have.

    Raises:
        EOFError: the other side is gone.
        FrameError: what came is no frame.
        TimeoutError: it did not come in time.
    """
    until = time.monotonic() + within_s
    head_bytes, body_bytes = _LENGTHS.unpack(_exactly(end, _LENGTHS.size, until))
    if head_bytes > _MAX_HEAD_BYTES or body_bytes > most_bytes:
        raise FrameError(f"a frame of {head_bytes} and {body_bytes} bytes")
    text = bytes(_exactly(end, head_bytes, until))
    try:
        message = json.loads(text)
        if b"\\u" in text:
            json.dumps(message, ensure_ascii=False).encode()  # half characters: ValueError
        return dict(message["head"]), _arrays(message["arrays"], _exactly(end, body_bytes, until))
    except (ValueError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise FrameError(f"a frame that cannot be read: {error}") from error


def _exactly(end: socket.socket, size: int, until: float) -> memoryview:
    """Return the next bytes; room for many is made when many have come, whatever was announced.

    It is not zeroed, and memory only when it is written to: it neither grows nor is copied.
    """
    room = np.empty(min(size, _ROOM), np.uint8).data
    got = 0
    while got < size:
        if got == len(room):
            room = _longer(room, size)
        if until < math.inf:
            _wait(end, until)
        count = end.recv_into(room[got:])
        if not count:
            raise EOFError("the other side is gone")
        got += count
    return room


def _longer(room: memoryview, size: int) -> memoryview:
    """Return room for so many bytes, which begins with what came."""
    longer = np.empty(size, np.uint8).data
    longer[: len(room)] = room
    return longer


def _wait(end: socket.socket, until: float) -> None:
    """Let the next answer of a socket take until then; TimeoutError if that is over."""
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    end.settimeout(left_s)


def _is_text(values: Array) -> bool:
    return values.dtype.kind in "OSU"


def _packed(values: Array) -> Array:
    if not _is_text(values):
        return np.ascontiguousarray(values)
    texts = [each if isinstance(each, bytes) else str(each).encode() for each in values.flat]
    lengths = np.array([len(each) for each in texts], "<u4").tobytes()
    return np.frombuffer(lengths + b"".join(texts), np.uint8)


def _arrays(described: Any, body: memoryview) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    at = 0
    for name, text, shape in described:
        count = _count(name, shape)
        if text == _STRINGS:
            arrays[str(name)], at = _texts(body, at, count, shape)
            continue
        if not _NUMBERS.fullmatch(text):
            raise ValueError(f"array {name!r} of type {text!r}")
        dtype = np.dtype(text)
        if count * dtype.itemsize > len(body) - at:
            raise ValueError(f"array {name!r} ends behind the frame")
        arrays[str(name)] = np.frombuffer(body, dtype, count, at).reshape(shape)
        at += count * dtype.itemsize
    return arrays


def _count(name: Any, shape: Any) -> int:
    """Return how many values a shape holds; ValueError if it is none."""
    if len(shape) > _MAX_DIMENSIONS or any(type(size) is not int or size < 0 for size in shape):
        raise ValueError(f"array {name!r} of shape {shape!r:.100}")
    return math.prod(shape)


def _texts(body: memoryview, at: int, count: int, shape: list[int]) -> tuple[Array, int]:
    if count > _MAX_TEXTS or 4 * count > len(body) - at:
        raise ValueError(f"{count} strings in a frame of {len(body)} bytes")
    lengths = np.frombuffer(body, "<u4", count, at)
    at += lengths.nbytes
    texts = np.empty(count, object)
    for place, length in enumerate(lengths.tolist()):
        if at + length > len(body):
            raise ValueError("a string ends behind the frame")
        texts[place] = bytes(body[at : at + length])
        at += length
    return texts.reshape(shape), at
