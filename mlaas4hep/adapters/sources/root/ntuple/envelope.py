"""The metadata of an RNTuple: envelopes with checksums, and the frames in them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import xxhash

from mlaas4hep.adapters.sources.root.stream import DamagedStreamError, UnknownStreamError

HEADER, FOOTER, PAGE_LIST = 1, 2, 3
_U4 = struct.Struct("<I")
_I4 = struct.Struct("<i")
_I8 = struct.Struct("<q")
_U8 = struct.Struct("<Q")
_LENGTH_BITS = 16  #: of the kind of an envelope, before its length
_LARGE = 1  #: kind of a locator with a length of 64 bits


@dataclass(slots=True)
class Frames:
    """A place in the bytes of an envelope."""

    data: bytes
    at: int
    stop: int

    def take(self, layout: struct.Struct) -> tuple[int, ...]:
        """Return the numbers that come next."""
        at = self.at
        self.at += layout.size
        if self.at > self.stop:
            raise DamagedStreamError("metadata that end early")
        return layout.unpack_from(self.data, at)

    def text(self) -> str:
        """Return the string that comes next."""
        (length,) = self.take(_U4)
        at = self.at
        self.at += length
        if self.at > self.stop:
            raise DamagedStreamError("a text that is longer than its envelope")
        return self.data[at : self.at].decode("utf-8", "replace")

    def record(self) -> "Frames":
        """Return the inside of the frame that comes next, and go past it."""
        start = self.at
        (size,) = self.take(_I8)
        return self._inside(start, self.at, size)

    def list(self) -> "tuple[int, Frames]":
        """Return how many things there are in the list that comes next, and its inside."""
        start = self.at
        (size,) = self.take(_I8)
        (count,) = self.take(_U4)
        inside = self._inside(start, self.at, -size)
        if count > len(self.data):
            raise DamagedStreamError(f"a list of {count} things")
        return count, inside

    def records(self) -> "Iterator[Frames]":
        """Yield the inside of each record of the list that comes next."""
        count, inside = self.list()
        for _ in range(count):
            yield inside.record()

    def _inside(self, start: int, at: int, size: int) -> "Frames":
        stop = start + size
        if not at <= stop <= self.stop:
            raise DamagedStreamError("a frame that is longer than what holds it")
        self.at = stop
        return Frames(self.data, at, stop)

    def locator(self) -> tuple[int, int]:
        """Return where something lies in the file, and how many bytes it has there."""
        (size,) = self.take(_I4)
        if size < 0:
            if (-size >> 24) != _LARGE:
                raise UnknownStreamError("pages that do not lie in the file")
            (size,) = self.take(_U8)
        (start,) = self.take(_U8)
        return start, size


def opened(data: bytes, kind: int) -> Frames:
    """Return the inside of an envelope.

    Raises:
        DamagedStreamError: it is of another kind, or its checksum is another one.
    """
    if len(data) < 2 * _U8.size:
        raise DamagedStreamError("an envelope that is cut short")
    (first,) = _U8.unpack_from(data)
    if first & 0xFFFF != kind or first >> _LENGTH_BITS != len(data):
        raise DamagedStreamError("an envelope of another kind")
    (checksum,) = _U8.unpack_from(data, len(data) - _U8.size)
    if xxhash.xxh3_64_intdigest(data[: -_U8.size]) != checksum:
        raise DamagedStreamError("an envelope with a wrong checksum")
    return Frames(data, _U8.size, len(data) - _U8.size)


def features(frames: Frames) -> None:
    """Refuse what needs features that are not known here."""
    (flags,) = frames.take(_U8)
    if flags:
        raise UnknownStreamError(f"features {flags:#x}")
