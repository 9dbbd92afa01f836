"""Which line of a CSV file is wrong, and why: only looked for when reading has failed."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

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
    rows = csv.reader(io.StringIO(piece.decode("utf-8", "replace"), ""), delimiter=separator)
    before = 0
    for row in rows:
        line, before = before, rows.line_num
        if not row:
            continue
        if len(row) != len(names):
            return line, f"has {len(row)} values, not {len(names)}", ""
        for name, text in zip(names, row, strict=True):
            known = text.replace(decimal, ".")
            wrong = _wrong(known, types[name]) if name in types else ""
            if wrong:
                return line, f"has {_shortened(text)} in column {name!r}, which is {wrong}", name
    return None


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
