"""Which line of a CSV file is wrong, and why: only looked for when reading has failed."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa

from mlaas4hep.adapters.sources.columnar.exact import InexactError, exact

csv.field_size_limit(2**31 - 1)  # pieces are bounded; Python's 128 kB would call long texts damage
_WHOLE = re.compile(r"[+-]?\d{16,4000}")  #: perhaps above 2^53; longer ones Python does not read
_TRUTHS = {"true", "false", "0", "1"}
_GAPS = {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
_GAPS |= {"N/A", "NA", "NULL", "NaN", "n/a", "nan", "null"}


def find_mistake(
    piece: bytes,
    names: Sequence[str],
    types: Mapping[str, Any],
    separator: str,
    decimal: str = ".",
) -> tuple[int, str, str] | None:
    """Return line (counted from 0), what is wrong, and the column; None if all looks well."""
    for line, row in _rows(piece, separator):
        if len(row) != len(names) and row[0].startswith("#"):
            return line, "is a comment: they stand only before the names of the columns", ""
        if len(row) != len(names):
            return line, f"has {len(row)} values, not {len(names)}", ""
        for name, text in zip(names, row, strict=True):
            known = text.replace(decimal, ".")
            wrong = _wrong(known, types[name]) if name in types else ""
            if wrong:
                return line, f"has {_shortened(text)} in column {name!r}, which is {wrong}", name
    return None


def find_rounded(
    piece: bytes, names: Sequence[str], decimal: AbstractSet[str], separator: str
) -> tuple[int, int, str] | None:
    """Return line (counted from 0), number and column of the first whole one that a double changes.

    Args:
        piece: whole rows.
        names: of all columns.
        decimal: those that are read as decimal numbers.
        separator: between values.
    """
    for line, row in _rows(piece, separator):
        for name, text in zip(names, row, strict=False):
            if name in decimal and _WHOLE.fullmatch(text.strip()):
                try:
                    exact(int(text))
                except InexactError:
                    return line, int(text), name
    return None


def find_text(piece: bytes, place: int, text: str, separator: str) -> int | None:
    """Return the line (counted from 0) whose column number `place` has just this text."""
    found = (line for line, row in _rows(piece, separator) if row[place : place + 1] == [text])
    return next(found, None)


def _rows(piece: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line in which it begins."""
    rows = csv.reader(io.StringIO(piece.decode("utf-8", "replace"), ""), delimiter=separator)
    before = 0
    for row in rows:
        line, before = before, rows.line_num
        if row:
            yield line, row


def cure(kind: Any, decimal: str) -> str:
    """Return what to do about a value that is not of the type of its column."""
    if kind is None or not pa.types.is_integer(kind):
        return "mend that line; types are those of the first lines of the file"
    return (
        f"if decimal numbers are meant, write the column's first value with one, 3{decimal}0 and"
        " not 3, and the whole column is read so; or put it into exclude_branches"
    )


def _wrong(text: str, kind: Any) -> str:
    """Return what a text is not, or nothing if it fits the type."""
    if "\N{REPLACEMENT CHARACTER}" in text:
        return "not UTF-8"
    if text in _GAPS or pa.types.is_string(kind):
        return ""
    if pa.types.is_boolean(kind):
        return "" if text.lower() in _TRUTHS else "neither true nor false"
    return _no_whole_number(text) if pa.types.is_integer(kind) else _no_number(text, float)


def _no_whole_number(text: str) -> str:
    wrong = _no_number(text, int)
    if wrong:
        return "no whole number"
    return "" if -(2**63) <= int(text) < 2**63 else "too large for 64 bits"


def _no_number(text: str, number: Callable[[str], object]) -> str:
    try:
        number(text)
    except ValueError:
        return "no number"
    return ""


def _shortened(text: str, limit: int = 40) -> str:
    return repr(text if len(text) <= limit else f"{text[:limit]}…")
