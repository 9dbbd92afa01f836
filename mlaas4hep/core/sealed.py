"""JSON that says whether it is whole: its first field is a checksum of all others.

    {"xxh3":"32 hex digits","…":…}

It is JSON of the same value, so that whoever does not care reads it as such.
"""

from typing import Any, BinaryIO, TypeVar

import xxhash

from mlaas4hep.core import wire
from mlaas4hep.errors import DamagedError, InvalidRequestError

T = TypeVar("T")

_HEAD, _DIGITS, _TAIL = b'{"xxh3":"', 32, b'",'
_BODY = len(_HEAD) + _DIGITS + len(_TAIL)
_BLOCK = 1 << 20


def dump(value: Any) -> bytes:
    """Return the JSON of a frozen dataclass that has a field at least."""
    body = wire.dump(value)
    return _head(body) + body[1:]


def load(kind: type[T], data: bytes) -> T:
    """Return the value that `dump` wrote; JSON of earlier releases has no checksum and is believed.

    Raises:
        DamagedError: it is not whole, or is no such value.
    """
    try:
        return wire.load(kind, _checked(data))
    except (DamagedError, InvalidRequestError) as error:
        raise DamagedError(f"the stored {kind.__name__} is damaged: {error}") from error


def check(data: bytes) -> None:
    """Refuse sealed JSON that is not whole; anything else passes.

    Raises:
        DamagedError: its checksum is another one.
    """
    _checked(data)


def checksum(file: BinaryIO) -> str:
    """Return the checksum of what is left in a file: 32 hex digits."""
    digest = xxhash.xxh3_128()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _head(body: bytes) -> bytes:
    return _HEAD + xxhash.xxh3_128_hexdigest(body).encode() + _TAIL


def _checked(data: bytes) -> bytes:
    """Return the JSON without its checksum."""
    if not data.startswith(_HEAD):
        return data
    body = b"{" + data[_BODY:]
    if data[:_BODY] != _head(body):
        raise DamagedError("its bytes do not have the checksum in it")
    return body
