"""The first line of a CSV file: the names of its columns, and what separates them."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mlaas4hep.errors import InvalidRequestError

MAX_HEAD_BYTES = 4 * 1024**2
MAX_COLUMNS = 100_000
_GLANCE_BYTES = 64 * 1024  #: of the first entry, which only helps to tell what the names are
_SEPARATORS = (",", ";", "\t", "|")
_QUOTED = re.compile('"[^"]*"')
_DECLARED = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)  #: as Excel reads and writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How a CSV file begins."""

    names: tuple[str, ...]
    separator: str
    start: int  #: the byte at which rows begin
    line: int  #: and the line, counted from 1
    unnamed: tuple[str, ...] = ()  #: names that we gave, where there was none


def read_head(file: BinaryIO) -> Head:
    """Return the head of a file; `sep=;` and lines that begin with # may stand before it.

    Raises:
        InvalidRequestError: there are no names, one twice, or too many.
    """
    file.seek(0)
    data = file.read(MAX_HEAD_BYTES)
    at, line, comment, declared = 0, 1, "", ""
    rows = data.splitlines(keepends=True)
    for number, row in enumerate(rows):
        text = _decoded(row, line, first=at == 0)
        if at == 0 and (match := _DECLARED.fullmatch(text.strip(" "))):
            declared = match[1]
        elif text.strip() and not text.startswith("#"):
            if not row.endswith((b"\n", b"\r")) and len(data) == MAX_HEAD_BYTES:
                raise InvalidRequestError(f"line {line} is longer than {MAX_HEAD_BYTES} bytes")
            following = _first_text(rows[number + 1 :])
            separator = declared or _separator(text, following, line)
            return _head(text, separator, (comment, following), (at, line, len(row)))
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


def _first_text(rows: Iterable[bytes]) -> str:
    """Return the beginning of the first line that is not empty."""
    first = next((row for row in rows if row.strip()), b"")
    return first[:_GLANCE_BYTES].decode("utf-8", "replace")


def _head(text: str, separator: str, around: tuple[str, str], place: tuple[int, int, int]) -> Head:
    """Return the head of a first line; `around` are the comment before it and the line after it."""
    comment, following = around
    at, line, size = place
    fields = _fields(text, separator)
    if all(map(_is_number, fields)):  # as NumPy's savetxt writes: the names are a comment
        names = _fields(comment, separator)
        if len(names) != len(fields) or all(map(_is_number, names)):
            raise _no_names(line)
        return Head(names=_checked(names), separator=separator, start=at, line=line)
    if any(map(_is_number, fields)) and _are_alike(fields, _fields(following, separator)):
        raise _no_names(line)
    found = _checked(fields)
    return Head(
        names=found,
        separator=separator,
        start=at + size,
        line=line + 1,
        unnamed=tuple(name for name, field in zip(found, fields, strict=True) if not field),
    )


def _separator(text: str, following: str, line: int) -> str:
    """Return what separates the names of a first line.

    Raises:
        InvalidRequestError: spaces do, in the line after it, too.
    """
    bare = _QUOTED.sub("", text)
    separator = max(_SEPARATORS, key=bare.count)
    if separator not in bare and 1 < len(bare.split()) == len(following.split()):
        raise InvalidRequestError(
            f"line {line} separates values by spaces",
            hint="separate them by commas: awk -v OFS=, '{$1=$1; print}' old.csv > new.csv",
        )
    return separator


def _are_alike(fields: Sequence[str], entry: Sequence[str]) -> bool:
    """Tell whether a line holds numbers and texts where the next one does, as an entry would."""
    return len(fields) == len(entry) and all(
        not later or (bool(field) and _is_number(field) == _is_number(later))
        for field, later in zip(fields, entry, strict=True)
    )


def _no_names(line: int) -> InvalidRequestError:
    return InvalidRequestError(
        f"line {line} has numbers where the names of the columns should be",
        hint="write the names into the first line, as in: pt,eta,phi",
    )


def _fields(text: str, separator: str) -> list[str]:
    rows = list(csv.reader([text], delimiter=separator))
    return [field.strip() for field in rows[0]] if rows else []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


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
