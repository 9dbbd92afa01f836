"""Whole numbers among decimal ones: a double does not keep all digits of those above 2^53."""

import re
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyarrow import compute

from mlaas4hep.core.doubles import DOUBLES_HOLD
from mlaas4hep.errors import InvalidRequestError

_DIGITS = re.compile(rb"(?<![\d.])\d{16}")  #: perhaps of a whole number that no double holds


class InexactError(ValueError):
    """A whole number among decimal ones has more digits than a double holds."""


def exact(value: int) -> float:
    """Return a whole number as a double.

    Raises:
        InexactError: that would change digits.
    """
    try:
        number = float(value)
    except OverflowError as error:
        raise InexactError(value) from error
    if value not in (int(number), Decimal(repr(number))):  # JavaScript writes 1.5e20 as digits
        raise InexactError(value)
    return number


def may_be_rounded(table: Any, text: bytes) -> bool:
    """Tell whether a table of Arrow's may hold whole numbers that were rounded when read of `text`."""
    return any(map(_has_large, table.columns)) and _DIGITS.search(text) is not None


def rounded(where: str, value: int, name: str) -> InvalidRequestError:
    """Return the refusal of a whole number of which digits would be lost."""
    return InvalidRequestError(
        f"{where} has the whole number {value} as {name!r}, which is read as decimal numbers: the"
        " last digits would be lost",
        branch=name,
        hint=f"write {value}.0 if it may be rounded, or put {name!r} into exclude_branches",
    )


def _has_large(values: Any) -> bool:
    """Tell whether decimal numbers are so large that whole ones among them may be rounded."""
    if pa.types.is_struct(values.type):
        return any(map(_has_large, values.flatten()))
    if pa.types.is_list(values.type):
        return _has_large(compute.list_flatten(values))
    if not pa.types.is_floating(values.type):
        return False
    ends = compute.min_max(values).as_py()
    return ends["max"] is not None and max(-ends["min"], ends["max"]) >= DOUBLES_HOLD
