"""The header of a Parquet page, in Thrift's compact protocol: how many values it says it has."""

from dataclasses import dataclass

MAX_BYTES = 1024**2  #: of a header, which may hold the least and the largest value of its page
_DEPTH = 16
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_PLAIN, _PACKED = 2, 3  #: fields of a page: its size in bytes, inflated and as it lies there
_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8  #: fields that tell more; the first of each counts values
_LONGEST = 5  #: bytes of a number of 32 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHeader:
    """What the header of one page says."""

    length: int  #: of the header itself
    packed_bytes: int  #: that follow
    plain_bytes: int  #: that they inflate to
    values: int = 0  #: in lists together, with those that are missing; of a dictionary none
    known: int = 0  #: values of a dictionary


class _Cursor:
    """Where in the bytes of a header we are."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.at = 0

    def byte(self) -> int:
        if self.at >= len(self._data):
            raise EOFError("a page's header is cut short")
        self.at += 1
        return self._data[self.at - 1]

    def whole(self, longest: int = 10) -> int:
        """Return a number of seven bits a byte, the lowest first."""
        found = 0
        for place in range(longest):
            byte = self.byte()
            found |= (byte & 0x7F) << 7 * place
            if byte < 0x80:  # noqa: PLR2004 - the last one
                return found
        raise ValueError("a number in a page's header has too many bytes")

    def signed(self) -> int:
        """Return a number of 32 bits that may be negative; ValueError: it has more."""
        found = self.whole(_LONGEST)
        if found >> 32:
            raise ValueError("a number in a page's header has too many bytes")
        return (found >> 1) ^ -(found & 1)

    def skip(self, size: int) -> None:
        if size > len(self._data) - self.at:
            raise EOFError("a page's header is cut short")
        self.at += size


def page_header(data: memoryview) -> PageHeader:
    """Return the header with which some bytes begin.

    Raises:
        EOFError: there are too few.
        ValueError: they are no header.
    """
    cursor = _Cursor(data)
    found = _numbers(cursor)
    packed, plain = found.get((_PACKED,), -1), found.get((_PLAIN,), -1)
    values = max(found.get((part, 1), 0) for part in (_DATA, _DATA_V2))
    known = found.get((_DICTIONARY, 1), 0)
    lowest = min(packed, plain, *(found.get((p, 1), 0) for p in (_DATA, _DICTIONARY, _DATA_V2)))
    if lowest < 0:
        raise ValueError("a page's header says no sizes")
    return PageHeader(
        length=cursor.at, packed_bytes=packed, plain_bytes=plain, values=values, known=known
    )


def _numbers(cursor: _Cursor) -> dict[tuple[int, ...], int]:
    """Return the numbers of 32 bits of a header and of its records, by their fields.

    Raises:
        ValueError: one is there twice: who reads the page might take the other one.
    """
    found: dict[tuple[int, ...], int] = {}
    ways: list[tuple[tuple[int, ...], int]] = [((), 0)]  # into records; the last field of each
    while ways:
        way, last = ways.pop()
        head = cursor.byte()
        if head == 0:
            continue
        kind = head & 0x0F
        field = last + (head >> 4) if head >> 4 else cursor.signed()
        ways.append((way, field))
        path = (*way, field)
        if kind == _STRUCT and len(path) < _DEPTH:
            ways.append((path, 0))
        elif kind == _I32:
            if path in found:
                raise ValueError("a page's header says a number twice")
            found[path] = cursor.signed()
        else:
            _skip(cursor, kind)
    return found


def _skip(cursor: _Cursor, kind: int) -> None:
    """Pass over a value; of lists, maps and 64 bits no page's header holds any that is needed."""
    if kind in {_TRUE, _FALSE}:
        return
    if kind == _BYTE:
        cursor.skip(1)
    elif kind in {_I16, _I64}:
        cursor.whole()
    elif kind == _DOUBLE:
        cursor.skip(8)
    elif kind == _BINARY:
        cursor.skip(cursor.whole())
    else:
        raise ValueError("a page's header holds what none holds")
