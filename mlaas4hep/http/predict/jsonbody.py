"""JSON as people's clients send it, also with NaN and Infinity; and how much of it they are told."""

import json
import math
import re
from functools import partial
from typing import Any

import orjson

from mlaas4hep.core.collector import no_collection
from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.jsontext import unique
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from mlaas4hep.http.predict.letters import count

MAX_VALUES = 4_000_000  #: in one text; each may take a hundred bytes once it is read
MAX_SLOW = 1_000_000  #: of them that have names, or are read by Python's own parser
_FEW = 64 * 1024  #: bytes that hold neither
_BETWEEN = (b",", b"[", b"{")
_ODD = (b"NaN", b"Infinity")
_SOME = 32  #: objects of a list that are looked into one by one
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?', re.DOTALL)  #: with the colon of a name
_unique = partial(unique, what="the body")
_SURELY_SHORT = 18  #: digits that 64 bits always hold


def loads(body: bytes) -> Any:
    """Return what a JSON text says; ValueError if it is none.

    Raises:
        TooLargeError: it says so many things that reading it would hold others up.
        InvalidRequestError: an object has a key twice.
    """
    if len(body) <= _FEW:
        return _read(body, body.count(b":"))
    colons = count(body, b":")
    if colons > MAX_SLOW:
        raise TooLargeError(
            f"the body has more than {MAX_SLOW} names of values",
            hint="send several requests, or a list of values for each name: `branches`, `inputs` of V1",
        )
    _check_values(body, MAX_VALUES)
    with no_collection():
        return _read(body, colons)


def check_told(values: Array) -> None:
    """Refuse to write numbers of an answer that would hold others up.

    Raises:
        InvalidRequestError: there are too many.
    """
    if values.size > MAX_VALUES:
        raise InvalidRequestError(
            f"the answer has {values.size} values, more than {MAX_VALUES} in JSON",
            hint="send fewer rows at once, or ask /v2/models/NAME/infer for binary outputs",
        )


def _read(body: bytes, colons: int) -> Any:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        if not any(each in body for each in _ODD):
            raise
    else:
        _check_unique(body, value, colons)
        return value
    _check_values(body, MAX_SLOW)
    try:
        return _as_python_writes_it(body.decode())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _check_unique(body: bytes, value: Any, colons: int) -> None:
    """Refuse an object with a key twice, of which orjson takes the last one.

    Each name comes with a colon, so that as many colons as names are enough to know.

    Raises:
        InvalidRequestError: there is one; names the key.
    """
    try:
        if colons == _surely(value):
            return
        written = sum(found[1] is not None for found in _TEXT.finditer(body))
        if written != _names(value):
            json.loads(body, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _surely(value: Any) -> int:
    """Return names of values that there are at least, without a look at every number."""
    if value.__class__ is dict:
        return _in_object(value)
    if not value or value.__class__ is not list or value[0].__class__ is not dict:
        return 0
    if len(value) <= _SOME:
        return sum(map(_surely, value))
    return sum(map(len, value)) if set(map(type, value)) == {dict} else 0


def _in_object(value: dict[str, Any]) -> int:
    """Return what `_surely` returns for an object: mostly with one call, since most are flat."""
    found = len(value)
    for each in value.values():
        if each.__class__ is dict or (
            each.__class__ is list and each and each[0].__class__ is dict
        ):
            found += _surely(each)
    return found


def _names(value: Any) -> int:
    """Return how many names of values there are."""
    if value.__class__ is dict:
        return len(value) + sum(map(_names, value.values()))
    return sum(map(_names, value)) if value.__class__ is list else 0


def _check_values(body: bytes, most: int) -> None:
    if len(body) > most and sum(count(body, each) for each in _BETWEEN) > most:
        raise TooLargeError(
            f"the body has more than {most} values"
            + (", and some are NaN or Infinity" if most == MAX_SLOW else ""),
            hint="send several requests, or binary tensors to /v2/models/NAME/infer",
        )


def _as_python_writes_it(text: str) -> Any:
    """Return what a text says in which NaN and Infinity are numbers; for the rest as strict as orjson.

    So what is read can be written again: no half characters, no endless integers.
    """
    value = json.loads(text, parse_int=_whole, object_pairs_hook=_unique)
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
