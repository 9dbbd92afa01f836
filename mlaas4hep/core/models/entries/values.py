"""Values of branches as JSON holds them, to arrays: their types are checked."""

import math
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.data.values.doubles import Doubles, doubles
from mlaas4hep.core.data.values.texts import text_array
from mlaas4hep.core.doubles import DOUBLES_HOLD
from mlaas4hep.core.models.entries.schema import Schema
from mlaas4hep.errors import InvalidRequestError

_SHORT = reprlib.Repr()  #: what somebody sent may be large, and deeper than Python's stack
_SHORT.maxlevel = _SHORT.maxlist = _SHORT.maxdict = _SHORT.maxstring = _SHORT.maxlong = 80


def as_columns(
    schema: Schema,
    values: Mapping[str, Sequence[Any]],
    own_types: frozenset[str],
    plain: Mapping[str, Array],
    entries: int,
) -> Columns:
    """Return branches, of which the `plain` ones are arrays already.

    Raises:
        InvalidRequestError: a value is of the wrong kind; it names entry (from 0) and branch.
    """
    flat: dict[str, Array] = dict(plain)
    jagged: dict[str, Jagged] = {}
    shared: dict[bytes, Offsets] = {}
    for name, each in values.items():
        if name in schema.jagged or (name in schema.either and isinstance(each[0], list)):
            jagged[name] = _rows(name, each, shared, keep_type=name in own_types)
        elif name in schema.texts or (
            name in schema.either and any(isinstance(value, str) for value in each)
        ):
            flat[name] = _texts(name, each)
        else:
            flat[name] = _numbers(name, each, range(len(each)), keep_type=name in own_types)
    return Columns(entries=entries, flat=flat, jagged=jagged)


def doubles_of(values: Callable[[], Iterable[Any]], size: int) -> Doubles | None:
    """Return numbers, a `null` as NaN; None if there is something else."""
    found = doubles(values(), size)
    if found is None and None in values():
        found = doubles((math.nan if each is None else each for each in values()), size)
    return found


def _rows(
    name: str, values: Sequence[Any], shared: dict[bytes, Offsets], *, keep_type: bool
) -> Jagged:
    for number, value in enumerate(values):
        if not isinstance(value, list):
            raise wrong(name, number, value, "a list of numbers")
    counts = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    offsets = shared.get(counts.tobytes())
    if offsets is None:
        offsets = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
        shared[counts.tobytes()] = offsets
    size = int(offsets[-1])
    content = None if keep_type else doubles_of(lambda: chain.from_iterable(values), size)
    if content is None:
        of_entry = np.repeat(np.arange(len(values)), counts)
        numbers = list(chain.from_iterable(values))
        content = _numbers(name, numbers, of_entry, keep_type=keep_type)
    return Jagged(content=content, offsets=offsets)


def _texts(name: str, values: Sequence[Any]) -> Array:
    for number, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            raise wrong(name, number, value, "a text")
    return text_array(values)


def _numbers(
    name: str, values: Sequence[Any], entries: Sequence[int] | Array, *, keep_type: bool
) -> Array:
    """Return `values` as an array; `entries` tells which entry each one is from."""
    array = _as_given(values)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        for position, value in enumerate(values):
            if value is not None and not isinstance(value, int | float):
                raise wrong(name, int(entries[position]), value, "a number")
        array = np.array([np.nan if value is None else value for value in values], np.float64)
    if keep_type and array.dtype.kind == "f":
        return _with_all_digits(name, values, entries, array)
    return array


def _as_given(values: Sequence[Any]) -> Array:
    try:
        return np.array(values)
    except ValueError:  # lists among numbers
        return np.array(None)


def _with_all_digits(
    name: str, values: Sequence[Any], entries: Sequence[int] | Array, array: Doubles
) -> Array:
    """Return the doubles in `array`, or whole numbers where a double loses digits of one.

    NumPy makes doubles of whole numbers beside decimal ones, and of those above 2^63 beside smaller.

    Raises:
        InvalidRequestError: no type holds all of them as they are.
    """
    large = np.flatnonzero(np.abs(array) >= DOUBLES_HOLD).tolist()
    lost = [at for at in large if isinstance(values[at], int) and int(array[at]) != values[at]]
    if not lost:
        return array
    are_whole = np.isfinite(array).all() and (array == np.floor(array)).all()
    for kind in (np.int64, np.uint64) if are_whole else ():
        with suppress(OverflowError):
            return np.array([int(value) for value in values], kind)
    raise InvalidRequestError(
        f"entry {int(entries[lost[0]])}: branch {name!r} is {values[lost[0]]}, of which digits are lost"
        " beside the other values",
        branch=name,
        hint="whole numbers without null and decimal ones, all from 0 to 2^64 or from -2^63 to 2^63;"
        " or one entry a request",
    )


def checked_identifiers(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what identifies each entry, if it can be told again: plain values or flat lists.

    Raises:
        InvalidRequestError: one holds objects, or lists within lists.
    """
    kinds = set(map(type, chain.from_iterable(map(dict.values, found))))
    if kinds.isdisjoint((list, dict)):
        return found
    for number, entry in enumerate(found):
        for name, value in entry.items():
            parts = value if isinstance(value, list) else [value]
            if any(isinstance(part, list | dict) for part in parts):
                raise wrong(name, number, value, "a number, a text or a list of them")
    return found


def wrong(name: str, number: int, value: Any, wanted: str) -> InvalidRequestError:
    """Return what refuses a value of entry `number` that is not what is wanted."""
    return InvalidRequestError(
        f"entry {number}: branch {name!r} is {shown(value)}, not {wanted}", branch=name
    )


def shown(value: Any) -> str:
    """Return the beginning of a value, for a message."""
    text = _SHORT.repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - fits on a line
