"""Numbers of a request as the type that a model takes: exactly, or not at all."""

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.values.doubles import doubles, matrix, single_row, singles
from mlaas4hep.core.doubles import DOUBLES_HOLD
from mlaas4hep.errors import InvalidRequestError

_NUMBERS, _ONE = "biuf", (int, float)
_FLOATS = ("float32", "float64")
_WHOLE = ("int", "uint")  #: begin the names of types of whole numbers
_SHORT = 4096  #: numbers in a row; of more not all are handed over at once
_LARGEST = float(np.finfo(np.float32).max)


def exact(name: str, array: Array, dtype: str) -> Array:
    """Return numbers as `dtype`; rounding to a shorter floating-point type is no change.

    Raises:
        InvalidRequestError: a value is none of that type: 1.5 or NaN for an integer, -1 for an
            unsigned one, 5 for a bool, 1e300 for single precision.
    """
    if array.dtype == dtype:
        return array
    if array.dtype == object:
        if dtype.startswith(_WHOLE):
            return _one_by_one(name, array, dtype)
        array = array.astype(np.float64)
    wanted = np.dtype(dtype)
    if dtype == "float32" and array.dtype.kind in "if" and _are_within(array, _LARGEST):
        return array.astype(np.float32)
    if array.dtype.kind == "b" and wanted.kind != "b":
        raise _wrong(name, array.flat[0], dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        found = array.astype(wanted)
    changed = _changed(array, found)
    if changed.any():
        raise _wrong(name, array[changed].flat[0], dtype)
    return found


def _are_within(array: Array, limit: float) -> bool:
    """Tell whether all values are below `limit` and above its negative; NaN and nothing are not.

    Places are found in a fifth of the time that `min` and `max` take for a row.
    """
    if not array.size:
        return False
    highest, lowest = array.item(array.argmax()), array.item(array.argmin())
    return bool(highest < limit and lowest > -limit)


def _changed(array: Array, found: Array) -> Array:
    if found.dtype.kind == "f":
        return np.asarray(np.isinf(found) & np.isfinite(array))
    if found.dtype.kind == "b":
        return np.asarray(~((array == 0) | (array == 1)))
    limits = np.iinfo(found.dtype)
    outside = (array < limits.min) | (array > limits.max)
    return np.asarray(outside | (found != array))


def _one_by_one(name: str, array: Array, dtype: str) -> Array:
    limits = np.iinfo(dtype)
    for each in array.flat:
        is_whole = isinstance(each, int) or each.is_integer()
        if not is_whole or not limits.min <= each <= limits.max:
            raise _wrong(name, each, dtype)
    return array.astype(dtype)


def strings(name: str, values: Any) -> Array:
    """Return nested lists of texts (or `{"b64": …}`) as an array of `bytes`."""
    array = np.array(values, object)
    return np.array([_text(name, each) for each in array.flat] or [], object).reshape(array.shape)


def is_numbers(array: Array) -> bool:
    """Tell whether an array holds numbers."""
    if array.dtype == object:
        return all(type(each) in _ONE for each in array.flat)
    return array.dtype.kind in _NUMBERS


def listed(values: Any, dtype: str) -> Array:
    """Return nested lists as NumPy makes an array of them; whole numbers for `dtype` stay whole.

    Where some are above 2^63, or beside numbers with a point, NumPy makes doubles of all, which do
    not hold them: such are an array of Python's numbers.
    """
    array = np.asarray(values)
    is_rounded = array.dtype.kind == "f" and not _are_within(array, DOUBLES_HOLD)
    return np.array(values, object) if is_rounded and dtype.startswith(_WHOLE) else array


def shown_strings(array: Array) -> Any:
    """Return an array of `bytes` as nested lists of texts; what is no text as `{"b64": …}`."""
    flat = np.empty(array.size, object)
    flat[:] = [_shown(each) for each in array.flat]
    return flat.reshape(array.shape).tolist()


def _text(name: str, value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict) and value.keys() == {"b64"}:
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise InvalidRequestError(f"input {name!r}: b64 is not base64") from error
    raise InvalidRequestError(f"input {name!r} takes texts, not {value!r:.40}")


def _shown(value: Any) -> Any:
    data = value if isinstance(value, bytes) else str(value).encode()
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(data).decode()}


def _wrong(name: str, value: Any, dtype: str) -> InvalidRequestError:
    return InvalidRequestError(f"input {name!r} takes {dtype}, and {value} is none")


def nested(name: str, values: Sequence[Any] | Any, dtype: str) -> Array:
    """Return nested lists of numbers as an array, in a type from which `exact` makes `dtype`.

    Raises:
        InvalidRequestError: they are not numbers, or not of equal lengths.
    """
    found = many(values, dtype)
    if found is not None:
        return found
    try:
        array = listed(values, dtype)
    except ValueError as error:
        raise InvalidRequestError(f"input {name!r} has rows of different lengths") from error
    except OverflowError as error:
        raise InvalidRequestError(f"input {name!r} has a number that is too large") from error
    if not is_numbers(array):
        raise InvalidRequestError(f"input {name!r} has values that are not numbers")
    return array


def many(values: Any, dtype: str) -> Array | None:
    """Return numbers, or many rows of them; None if taking them as doubles could make a difference."""
    if dtype not in _FLOATS or not isinstance(values, list) or not values:
        return None
    found: Array | None
    if not isinstance(values[0], _ONE):
        found = singles(values) if dtype == "float32" else matrix(values)
    elif len(values) > _SHORT:
        found = doubles(values, len(values))
    elif not is_plain(values):
        return None
    else:
        return single_row(values)[0] if dtype == "float32" else np.array(values, dtype)
    if found is None or not _are_within(found, DOUBLES_HOLD) or _is_bool(values[0]):
        return None
    return found if found.dtype == dtype else found.astype(dtype)


def is_plain(values: Any) -> bool:
    """Tell whether these are a few numbers that doubles hold, and none is NaN or may be a truth value."""
    if values.__class__ is not list or not 0 < len(values) <= _SHORT:
        return False
    try:  # NaN is not below it, and texts are no numbers
        return values[0].__class__ is not bool and math.hypot(*values) < DOUBLES_HOLD
    except (TypeError, OverflowError):
        return False


def _is_bool(first: Any) -> bool:
    """Tell whether values may all be true or false, which are no numbers."""
    return isinstance(first[0] if isinstance(first, list) else first, bool)
