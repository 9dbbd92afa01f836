"""Protobuf's wire format, for the few messages that are read and written without a schema.

A message is a row of fields: the field's number and wire type, then its content.
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  #: wire types
MAX_FIELDS = 100_000  #: of a message: they are read one by one, by what others wait for; 0.15 s
_MAX_VARINT_BITS = 63


def field(number: int, content: bytes) -> bytes:
    """Return a field that holds bytes, text or a message; numbers up to 15."""
    return bytes([number << 3 | BYTES]) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """Return a number ≥ 0, seven bits a byte, the lowest first."""
    parts = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, wire type and content of each field; varints come without content.

    Raises:
        ValueError: a wire type that there is not, a field that ends too early, or too many of them.
        IndexError: the message ends within a number.
    """
    at = found = 0
    while at < len(message):
        found += 1
        if found > MAX_FIELDS:
            raise ValueError(f"it has more than {MAX_FIELDS} fields; numbers go packed into one")
        tag, at = _read_varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            _, at = _read_varint(message, at)
            size = 0
        elif kind == BYTES:
            size, at = _read_varint(message, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
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
