"""JSON as people's clients send it: also with NaN and Infinity, as Python's and Triton's write it."""

import json
import math
from typing import Any

import orjson

from mlaas4hep.errors import TooLargeError

MAX_VALUES = 4_000_000  #: in one text; each may take a hundred bytes once it is read
_BETWEEN = (b",", b"[", b"{")
_ODD = (b"NaN", b"Infinity")
_SURELY_SHORT = 18  #: digits that 64 bits always hold


def loads(body: bytes) -> Any:
    """Return what a JSON text says; ValueError if it is none.

    Raises:
        TooLargeError: it says so many things that reading it would hold others up.
    """
    if len(body) > MAX_VALUES and sum(map(body.count, _BETWEEN)) > MAX_VALUES:
        raise TooLargeError(
            f"the body has more than {MAX_VALUES} values",
            hint="send several requests, or binary tensors to /v2/models/NAME/infer",
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if not any(each in body for each in _ODD):
            raise
    try:
        return _as_python_writes_it(body.decode())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _as_python_writes_it(text: str) -> Any:
    """Return what a text says in which NaN and Infinity are numbers; for the rest as strict as orjson.

    So what is read can be written again: no half characters, no endless integers.
    """
    value = json.loads(text, parse_int=_whole)
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()  # half a pair of surrogates: ValueError
    return value


def _whole(digits: str) -> int | float:
    """Return a whole number; one that has no place in 64 bits is rounded to a double."""
    if len(digits) <= _SURELY_SHORT:
        return int(digits)
    rounded = float(digits)
    if not math.isfinite(rounded):
        raise ValueError("a number is larger than doubles are")
    exact = int(digits)
    return exact if -(2**63) <= exact < 2**64 else rounded
