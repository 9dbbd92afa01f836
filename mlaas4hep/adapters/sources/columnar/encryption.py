"""Whether the plain footer of a Parquet file says that columns are encrypted.

pyarrow does not tell: it ends the process that asks about such a column. The footer is one struct
in Thrift's compact protocol, of which the eighth field is how columns are encrypted.
"""

from collections.abc import Callable

_ALGORITHM = 8  #: field of Parquet's FileMetaData
_DEEPEST = 16
_MANY = 15  #: elements, or more: how many is told behind
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
_NUMBERS = frozenset({4, 5, 6})


def has_encrypted_columns(footer: bytes) -> bool:
    """Tell whether a footer says so; one that makes no sense does not."""
    walk = _Walk(footer)
    try:
        return any(field == _ALGORITHM for field in iter(walk.field, 0))
    except (IndexError, ValueError):
        return False


class _Walk:
    """Goes through a struct, field by field; IndexError at its end, ValueError if it is none."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._last = 0

    def field(self) -> int:
        """Skip a field of the outer struct and return its number; 0 at the end."""
        found = self._head(self._last)
        if not found:
            return 0
        self._last, kind = found
        self._skip(kind, 0)
        return self._last

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _number(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _head(self, last: int) -> tuple[int, int] | None:
        """Return number and kind of the next field; None behind the last one."""
        byte = self._byte()
        if byte == _STOP:
            return None
        step, kind = divmod(byte, 16)
        return (last + step if step else self._number() >> 1), kind

    def _skip(self, kind: int, depth: int) -> None:
        if kind in _NUMBERS:
            self._number()
        elif kind in (_LIST, _SET):
            self._elements(depth)
        elif kind == _STRUCT:
            self._struct(depth)
        elif kind in (_BYTE, _DOUBLE):
            self._at += 1 if kind == _BYTE else 8
        elif kind == _BINARY:
            size = self._number()
            self._at += size
        elif kind not in (_TRUE, _FALSE):  # they stand in the head itself
            raise ValueError(f"a field of kind {kind}")

    def _elements(self, depth: int) -> None:
        count, kind = divmod(self._byte(), 16)
        count = self._number() if count == _MANY else count
        skip: Callable[[], object] = (
            self._byte if kind in (_TRUE, _FALSE) else lambda: self._skip(kind, depth)
        )
        for _ in range(count):
            skip()

    def _struct(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("structs without an end")
        while found := self._head(0):
            self._skip(found[1], depth + 1)
