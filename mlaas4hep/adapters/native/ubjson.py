"""Universal Binary JSON, walked through before XGBoost reads it.

XGBoost takes a byte 255, and the end of the file, within a list for one value more, and goes on so
until its memory is full: 4 KB take 4 GB and 12 s of a processor.
"""

import struct
from collections.abc import Callable

_SIZES = {b"Z": 0, b"N": 0, b"T": 0, b"F": 0}  #: bytes of a value behind its mark
_SIZES |= {b"i": 1, b"U": 1, b"C": 1, b"I": 2, b"l": 4, b"d": 4, b"L": 8, b"D": 8}
_WHOLE = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q"}
_DEEPEST = 100


def check(data: bytes) -> None:
    """Return for one whole value; what is behind it does not matter, as it is not read.

    Raises:
        ValueError: it is cut short, nested too deeply, or has a mark that nobody knows.
    """
    _Walk(data).value(_DEEPEST)


class _Walk:
    """A place in the bytes, which goes forward."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def value(self, deepest: int) -> None:
        """Go behind the value that begins here."""
        if not deepest:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
        mark = self._taken(1)
        if mark == b"[":
            self._items(b"]", lambda: self.value(deepest - 1))
        elif mark == b"{":
            self._items(b"}", lambda: self._member(deepest - 1))
        elif mark in b"SH":
            self._skip(self._length())
        elif mark in _SIZES:
            self._skip(_SIZES[mark])
        else:
            raise self._strange(mark)

    def _items(self, end: bytes, item: Callable[[], None]) -> None:
        if self._next() == b"$":  # of one kind: their marks are not repeated
            self._skip(1)
            kind = self._taken(1)
            if kind not in _SIZES or end != b"]":
                raise self._strange(kind)
            if (mark := self._taken(1)) != b"#":
                raise self._strange(mark)
            self._skip(_SIZES[kind] * self._length())
        elif self._next() == b"#":
            self._skip(1)
            for _ in range(self._length()):
                item()
        else:
            while self._next() != end:
                item()
            self._skip(1)

    def _member(self, deepest: int) -> None:
        self._skip(self._length())
        self.value(deepest)

    def _length(self) -> int:
        mark = self._taken(1)
        if mark not in _WHOLE:
            raise self._strange(mark)
        (length,) = struct.unpack(_WHOLE[mark], self._taken(_SIZES[mark]))
        return int(length)

    def _next(self) -> bytes:
        return self._data[self._at : self._at + 1]

    def _taken(self, size: int) -> bytes:
        before = self._at
        self._skip(size)
        return self._data[before : self._at]

    def _skip(self, size: int) -> None:
        if not 0 <= size <= len(self._data) - self._at:
            raise ValueError("it is cut short")
        self._at += size

    def _strange(self, mark: bytes) -> ValueError:
        return ValueError(f"byte {self._at - 1} is {mark.hex()}, which marks no value")
