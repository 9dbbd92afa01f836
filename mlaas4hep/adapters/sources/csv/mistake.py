"""Which line of a CSV file is wrong, and why: only looked for when reading has failed."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

_TRUTHS = {"true", "false", "0", "1"}
_GAPS = {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
_GAPS |= {"N/A", "NA", "NULL", "NaN", "n/a", "nan", "null"}


def find_mistake(
    piece: bytes, names: Sequence[str], types: Mapping[str, Any], separator: str
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
            wrong = _wrong(text, types[name]) if name in types else ""
            if wrong:
                return line, f"has {_shortened(text)} in column {name!r}, which is {wrong}", name
    return None


def _wrong(text: str, kind: Any) -> str:
    """Return what a text is not, or nothing if it fits the type."""
    if text in _GAPS:
        return ""
    if pa.types.is_boolean(kind):
        return "" if text.lower() in _TRUTHS else "neither true nor false"
    number: Any = int if pa.types.is_integer(kind) else float
    try:
        number(text)
    except ValueError:
        return "no whole number" if number is int else "no number"
    if number is int and not -(2**63) <= int(text) < 2**63:
        return "too large for 64 bits"
    return ""


def _shortened(text: str, limit: int = 40) -> str:
    return repr(text if len(text) <= limit else f"{text[:limit]}…")
