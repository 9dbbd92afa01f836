"""JSON that says whether it is whole: its first field is a checksum of all others.

    {"xxh3":"32 hex digits","…":…}

It is JSON of the same value, so that whoever does not care reads it as such. What is made again if
it is damaged is sealed at its key: the checksum is also of that, and in the place of another it is
damaged.
"""

from dataclasses import dataclass
from typing import Any, BinaryIO, Generic, TypeVar

import xxhash

from mlaas4hep.core import wire
from mlaas4hep.errors import DamagedError, InvalidRequestError

T = TypeVar("T")

_HEAD, _DIGITS, _TAIL = b'{"xxh3":"', 32, b'",'
_BODY = len(_HEAD) + _DIGITS + len(_TAIL)
_BLOCK = 1 << 20


def dump(value: Any, key: str = "") -> bytes:
    """Return the JSON of a frozen dataclass that has a field at least.

    Args:
        value: the dataclass.
        key: where it is stored, if it is good for nothing elsewhere.
    """
    body = wire.dump(value)
    return _head(body, key) + body[1:]


def load(kind: type[T], data: bytes, key: str = "") -> T:
    """Return the value that `dump` wrote.

    JSON of earlier releases is believed as far as it goes: it may have no checksum, or one without
    its key.

    Raises:
        DamagedError: it is not whole, lay under another key, or is no such value.
    """
    try:
        return wire.load(kind, _checked(data, key))
    except (DamagedError, InvalidRequestError) as error:
        raise DamagedError(f"the stored {kind.__name__} is damaged: {error}") from error


@dataclass(frozen=True, slots=True)
class Reader(Generic[T]):
    """Does what `load` does; two of the same kind and key are equal."""

    kind: type[T]
    key: str

    def __call__(self, data: bytes) -> T:
        """Return the value."""
        return load(self.kind, data, self.key)


def check(data: bytes, key: str = "") -> None:
    """Refuse sealed JSON that is not whole, or lay under another key; anything else passes.

    Raises:
        DamagedError: its checksum is another one.
    """
    _checked(data, key)


def checksum(file: BinaryIO) -> str:
    """Return the checksum of what is left in a file: 32 hex digits."""
    digest = xxhash.xxh3_128()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def checksum_of(data: bytes) -> str:
    """Return the checksum of some bytes: 32 hex digits."""
    return xxhash.xxh3_128_hexdigest(data)


class CheckedStream:
    """A stream that is read through once, and then tells the checksum of what came."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = xxhash.xxh3_128()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        block = self._stream.read(size)
        self._digest.update(block)
        return block

    @property
    def checksum(self) -> str:
        """Return the checksum of what was read so far: 32 hex digits."""
        return self._digest.hexdigest()


def _head(body: bytes, key: str) -> bytes:
    digest = xxhash.xxh3_128(key.encode())
    digest.update(body)
    return _HEAD + digest.hexdigest().encode() + _TAIL


def _checked(data: bytes, key: str) -> bytes:
    """Return the JSON without its checksum."""
    if not data.startswith(_HEAD):
        return data
    body = b"{" + data[_BODY:]
    known = (_head(body, each) for each in dict.fromkeys((key, "")))  # one after the other
    if data[:_BODY] not in known:
        raise DamagedError("its bytes do not have the checksum in it")
    return body
