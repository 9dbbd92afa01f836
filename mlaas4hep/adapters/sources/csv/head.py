"""The first line of a CSV file: the names of its columns, and what separates them."""

import csv
import math
from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

from mlaas4hep.errors import InvalidRequestError

MAX_HEAD_BYTES = 4 * 1024**2
MAX_COLUMNS = 100_000
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How a CSV file begins."""

    names: tuple[str, ...]
    separator: str
    start: int  #: the byte at which rows begin
    line: int  #: and the line, counted from 1
    unnamed: tuple[str, ...] = ()  #: names that we gave, where there was none


def read_head(file: BinaryIO) -> Head:
    """Return the head of a file; lines that begin with # may stand before it.

    Raises:
        InvalidRequestError: there are no names, one twice, or too many.
    """
    file.seek(0)
    data = file.read(MAX_HEAD_BYTES)
    at, line, comment = 0, 1, ""
    for row in data.splitlines(keepends=True):
        text = _decoded(row, line, first=at == 0)
        if text.strip() and not text.startswith("#"):
            if not row.endswith((b"\n", b"\r")) and len(data) == MAX_HEAD_BYTES:
                raise InvalidRequestError(f"line {line} is longer than {MAX_HEAD_BYTES} bytes")
            return _head(text, comment, (at, line), len(row))
        comment = text.lstrip("# ") if text.startswith("#") else comment
        at, line = at + len(row), line + 1
    raise InvalidRequestError("there is no line with the names of the columns")


def _decoded(row: bytes, line: int, *, first: bool) -> str:
    if row.endswith(b"\r"):
        raise InvalidRequestError(
            f"line {line} ends in a carriage return alone",
            hint="turn it into a line end: tr '\\r' '\\n' < old.csv > new.csv",
        )
    try:
        return row.decode("utf-8-sig" if first else "utf-8").strip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"line {line} is not a text in UTF-8", hint="write it as UTF-8"
        ) from error


def _head(text: str, comment: str, place: tuple[int, int], size: int) -> Head:
    at, line = place
    separator = max(_SEPARATORS, key=text.count)
    fields = _fields(text, separator)
    if all(map(_is_number, fields)):  # as NumPy's savetxt writes: the names are a comment
        names = _fields(comment, separator)
        if len(names) != len(fields) or all(map(_is_number, names)):
            raise InvalidRequestError(
                f"line {line} has numbers where the names of the columns should be",
                hint="write the names into the first line, as in: pt,eta,phi",
            )
        return Head(names=_checked(names), separator=separator, start=at, line=line)
    found = _checked(fields)
    return Head(
        names=found,
        separator=separator,
        start=at + size,
        line=line + 1,
        unnamed=tuple(name for name, field in zip(found, fields, strict=True) if not field),
    )


def _fields(text: str, separator: str) -> list[str]:
    rows = list(csv.reader([text], delimiter=separator))
    return [field.strip() for field in rows[0]] if rows else []


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) or True
    except ValueError:
        return False


def _checked(names: list[str]) -> tuple[str, ...]:
    if len(names) > MAX_COLUMNS:
        raise InvalidRequestError(f"there are {len(names)} columns, more than {MAX_COLUMNS}")
    unnamed = [f"column_{place}" for place, _ in enumerate(names, start=1)]
    found = tuple(name or usual for name, usual in zip(names, unnamed, strict=True))
    (twice, times), *_ = Counter(found).most_common(1)
    if times > 1:
        raise InvalidRequestError(
            f"two columns are called {twice!r}", branch=twice, hint="give each a name of its own"
        )
    return found
