"""Flatbuffers, in which Arrow writes what it tells about its batches: tables of numbered fields.

Bytes are strangers': a place outside of them is a ValueError, whichever way it points.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_FIRST = 4  #: in a list of fields: behind its own size and the table's


@dataclass(frozen=True, slots=True)
class FlatTable:
    """A table that begins at a byte."""

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> "FlatTable":
        """Return the table that some bytes are."""
        return cls(data, _number(data, "<I", 0))

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """Return a number; `kind` as `struct` calls it."""
        place = self._place(field)
        return default if place is None else _number(self.data, kind, place)

    def table(self, field: int) -> "FlatTable | None":
        """Return a table of the table."""
        place = self._place(field)
        return None if place is None else FlatTable(self.data, self._pointed(place))

    def tables(self, field: int) -> Iterator["FlatTable"]:
        """Yield the tables of a list."""
        first, count = self._list(field, 4)
        for place in range(first, first + 4 * count, 4):
            yield FlatTable(self.data, self._pointed(place))

    def records(self, field: int, kind: str) -> list[tuple[int, ...]]:
        """Return a list of records of numbers; `kind` as `struct` calls it."""
        size = struct.calcsize(kind)
        first, count = self._list(field, size)
        return list(struct.iter_unpack(kind, self.data[first : first + size * count]))

    def text(self, field: int) -> bytes:
        """Return a text; empty: there is none."""
        first, size = self._list(field, 1)
        return self.data[first : first + size]

    def _list(self, field: int, size: int) -> tuple[int, int]:
        """Return where the elements of a list begin, and their number; each has `size` bytes."""
        place = self._place(field)
        if place is None:
            return 0, 0
        start = self._pointed(place)
        count = _number(self.data, "<I", start)
        if count * size > len(self.data) - start - 4:
            raise ValueError("a list is longer than what it lies in")
        return start + 4, count

    def _place(self, field: int) -> int | None:
        """Return where a field lies; None: the table has it not."""
        fields = self.at - _number(self.data, "<i", self.at)
        entry = _FIRST + 2 * field
        if entry + 2 > _number(self.data, "<H", fields):
            return None
        offset = _number(self.data, "<H", fields + entry)
        return self.at + offset if offset else None

    def _pointed(self, place: int) -> int:
        return place + _number(self.data, "<I", place)


def _number(data: bytes, kind: str, at: int) -> int:
    if not 0 <= at <= len(data) - struct.calcsize(kind):
        raise ValueError("it points outside of itself")
    return int(struct.unpack_from(kind, data, at)[0])
