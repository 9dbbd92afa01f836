"""Thrift's compact protocol, in which Parquet writes its footer and the headers of its pages.

Bytes are strangers': a number has as many bytes as it may, and nothing is as deep as our stack.
"""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)

_MANY = 15  #: elements, or more: how many is told behind
_NUMBERS = frozenset({I16, I32, I64})
_FIELDS = 0  #: stands for the fields of a record that follow
_BYTES = {TRUE: 1, FALSE: 1, BYTE: 1, DOUBLE: 8}  #: of an element; as a field, a bool has none
_OF_32_BITS, _OF_64_BITS = 5, 10  #: bytes that a number takes at most


class Cursor:
    """Where in some bytes we are; EOFError behind their end, ValueError if they make no sense."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self.at = 0

    def field(self, last: int) -> tuple[int, int] | None:
        """Return number and kind of the next field; None behind the last one of a record."""
        head = self._byte()
        if head == 0:
            return None
        return (last + (head >> 4) if head >> 4 else self.signed()), head & 0x0F

    def signed(self) -> int:
        """Return a number of 32 bits that may be negative."""
        found = self._whole(_OF_32_BITS)
        if found >> 32:
            raise ValueError("a number has too many bytes")
        return (found >> 1) ^ -(found & 1)

    def pass_over(self, kind: int) -> None:
        """Pass over the value of a field."""
        if kind in {TRUE, FALSE}:  # they stand in the head itself
            return
        ahead = [(kind, 1)]  # kinds of values, and how many of each
        while ahead:
            kind, count = ahead.pop()
            if kind in _BYTES:
                self._skip(_BYTES[kind] * count)
                continue
            if count > 1:
                ahead.append((kind, count - 1))
            ahead.extend(self._inside(kind))

    def _inside(self, kind: int) -> list[tuple[int, int]]:
        """Pass over the head of a value, or all of it; return what follows that belongs to it."""
        if kind in _NUMBERS:
            self._whole(_OF_64_BITS)
        elif kind == BINARY:
            self._skip(self._whole(_OF_32_BITS))
        elif kind in {LIST, SET}:
            count, inner = divmod(self._byte(), 16)
            count = self._whole(_OF_32_BITS) if count == _MANY else count
            return [(inner, count)] if count else []
        elif kind == STRUCT:
            return [(_FIELDS, 1)]
        elif kind == _FIELDS:
            found = self.field(0)
            if found is None:
                return []
            is_bool = found[1] in {TRUE, FALSE}
            return [(_FIELDS, 1)] if is_bool else [(_FIELDS, 1), (found[1], 1)]
        else:  # Parquet has no maps
            raise ValueError(f"a value of kind {kind}")
        return []

    def _byte(self) -> int:
        if self.at >= len(self._data):
            raise EOFError("a record is cut short")
        self.at += 1
        return self._data[self.at - 1]

    def _whole(self, longest: int) -> int:
        """Return a number of seven bits a byte, the lowest first."""
        found = 0
        for place in range(longest):
            byte = self._byte()
            found |= (byte & 0x7F) << 7 * place
            if byte < 0x80:  # noqa: PLR2004 - the last one
                return found
        raise ValueError("a number has too many bytes")

    def _skip(self, size: int) -> None:
        if size > len(self._data) - self.at:
            raise EOFError("a record is cut short")
        self.at += size
