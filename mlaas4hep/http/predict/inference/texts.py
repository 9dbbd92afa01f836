"""BYTES of the Open Inference Protocol: each text as its length (uint32, little endian) and bytes."""

import struct

from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError

_LENGTH = struct.Struct("<I")


def packed(texts: Array) -> bytes:
    """Return an array of `bytes` as the protocol sends it."""
    parts = []
    for each in texts.flat:
        data = each if isinstance(each, bytes) else str(each).encode()
        parts += [_LENGTH.pack(len(data)), data]
    return b"".join(parts)


def unpacked(name: str, raw: bytes | memoryview) -> list[bytes]:
    """Return the texts in what the protocol sends; InvalidRequestError if it ends too early."""
    data = bytes(raw)
    found: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + _LENGTH.size
        length = _LENGTH.unpack(data[at:start])[0] if start <= len(data) else len(data)
        if start + length > len(data):
            raise InvalidRequestError(f"input {name!r}: a text ends behind the body")
        found.append(data[start : start + length])
        at = start + length
    return found
