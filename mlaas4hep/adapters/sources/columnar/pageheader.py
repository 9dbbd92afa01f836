"""The header of a Parquet page: how many values it says it has."""

from dataclasses import dataclass

from mlaas4hep.adapters.sources.columnar.thrift import I32, LIST, MAP, SET, STRUCT, Cursor

MAX_BYTES = 1024**2  #: of a header, which may hold the least and the largest value of its page
_DEPTH = 16
_PLAIN, _PACKED = 2, 3  #: fields of a page: its size in bytes, inflated and as it lies there
_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8  #: fields that tell more; the first of each counts values


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHeader:
    """What the header of one page says."""

    length: int  #: of the header itself
    packed_bytes: int  #: that follow
    plain_bytes: int  #: that they inflate to
    values: int = 0  #: in lists together, with those that are missing; of a dictionary none
    known: int = 0  #: values of a dictionary


def page_header(data: memoryview) -> PageHeader:
    """Return the header with which some bytes begin.

    Raises:
        EOFError: there are too few.
        ValueError: they are no header.
    """
    cursor = Cursor(data)
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


def _numbers(cursor: Cursor) -> dict[tuple[int, ...], int]:
    """Return the numbers of 32 bits of a header and of its records, by their fields.

    Raises:
        ValueError: one is there twice: who reads the page might take the other one.
    """
    found: dict[tuple[int, ...], int] = {}
    ways: list[tuple[tuple[int, ...], int]] = [((), 0)]  # into records; the last field of each
    while ways:
        way, last = ways.pop()
        head = cursor.field(last)
        if head is None:
            continue
        field, kind = head
        ways.append((way, field))
        path = (*way, field)
        if kind == STRUCT and len(path) < _DEPTH:
            ways.append((path, 0))
        elif kind in {LIST, SET, MAP, STRUCT}:
            raise ValueError("a page's header holds what none holds")
        elif kind == I32:
            if path in found:
                raise ValueError("a page's header says a number twice")
            found[path] = cursor.signed()
        else:
            cursor.pass_over(kind)
    return found
