"""Entries and rows as JSON takes them, from whatever holds them: no such library is imported.

Lists of dictionaries, one dictionary, dictionaries of arrays (`tree.arrays(library="np")`),
pandas and polars tables, awkward arrays, Arrow tables and structured NumPy arrays.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from mlaas4hep.errors import InvalidRequestError

_TO_ROWS: tuple[tuple[str, dict[str, str]], ...] = (  # method, and what it is called with
    ("to_pylist", {}),  # Arrow
    ("to_dicts", {}),  # polars
    ("to_dict", {"orient": "records"}),  # pandas
    ("to_list", {}),  # awkward
)
_ABSENT = frozenset({"NAType", "NaTType", "MaskedConstant", "NoneType"})
_HINT = 'entries are [{"njets": 3, "Muon_pt": [41.2, 12.0]}, …], or a table with such columns'


def entry_list(given: Any) -> list[dict[str, Any]]:
    """Return entries, one dictionary each; values that are missing (NaN, NA) become None.

    Raises:
        InvalidRequestError: it holds no entries, or a value is neither number nor text; the message names it.
    """
    rows = _rows(given)
    if not all(isinstance(row, Mapping) for row in rows):
        raise InvalidRequestError("these are no entries", hint=_HINT)
    return [{str(name): _plain(row[name], str(name)) for name in row} for row in rows]


def value_list(given: Any) -> list[Any]:
    """Return rows of numbers, which the network takes as they are.

    Raises:
        InvalidRequestError: a value is no number.
    """
    matrix = given.to_numpy() if _is_table(given) else given
    values = _plain(matrix, "values", missing=False)
    if not isinstance(values, list):
        raise InvalidRequestError("values are a row of numbers, or a list of such rows")
    return values


def column_names(given: Any) -> list[str]:
    """Return what the columns of a table are called; none of what is no table, or only counts them."""
    names = list(given.columns) if _is_table(given) else []
    return names if all(isinstance(name, str) for name in names) else []


def _is_table(given: Any) -> bool:
    """Tell whether this is a table of pandas or polars."""
    return hasattr(given, "columns") and hasattr(given, "to_numpy")


def _rows(given: Any) -> list[Any]:
    if isinstance(given, Mapping):
        return _of_columns(given)
    if hasattr(given, "to_dict") and getattr(given, "ndim", 2) == 1:  # a row of pandas
        return [given.to_dict()]
    for method, arguments in _TO_ROWS:
        if hasattr(given, method):
            listed = getattr(given, method)(**arguments)
            return [listed] if isinstance(listed, Mapping) else list(listed)
    names = getattr(getattr(given, "dtype", None), "names", None)
    if names:  # a structured array
        return _of_columns({name: given[name] for name in names})
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise InvalidRequestError(f"{type(given).__name__} is no list of entries", hint=_HINT)
    return [_entry(each) for each in given]


def _entry(each: Any) -> Any:
    """Return the dictionary of an entry that is a row of pandas, awkward or a structured array."""
    if isinstance(each, Mapping):
        return each
    for method in ("to_dict", "to_list"):
        if hasattr(each, method):
            return getattr(each, method)()
    names = getattr(getattr(each, "dtype", None), "names", None)
    return {name: each[name] for name in names} if names else each


def _of_columns(columns: Mapping[Any, Any]) -> list[Any]:
    """Return the rows of a dictionary of arrays; any other dictionary is one entry."""
    if not columns or not all(_is_array(column) for column in columns.values()):
        if columns and all(isinstance(column, list | tuple) for column in columns.values()):
            raise InvalidRequestError(
                "a dictionary of lists may be one entry or a table",
                hint="put one entry into a list: [{…}]; give a table's columns as arrays",
            )
        return [columns]
    lengths = {str(name): len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidRequestError(f"columns differ in length: {lengths}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _is_array(column: Any) -> bool:
    is_one_value = getattr(column, "ndim", 1) == 0
    can_list = hasattr(column, "tolist") or hasattr(column, "to_list")
    return can_list and hasattr(column, "__len__") and not is_one_value


def _plain(value: Any, name: str, *, missing: bool = True) -> Any:
    """Return numbers, texts and lists of Python for those of any library; a matrix has no texts."""
    value = _of_python(value)
    if isinstance(value, list | tuple):
        return [_plain(each, name, missing=missing) for each in value]
    if missing and (value is None or isinstance(value, str | bytes)):
        return _text(value, name)
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise InvalidRequestError(f"{name!r} holds {value!r}, which is no finite number", branch=name)


def _of_python(value: Any) -> Any:
    """Return the value of Python that one of another library is; None if it is missing (NaN, NA)."""
    if type(value).__name__ in _ABSENT:
        return None
    for method in ("tolist", "to_list"):
        if hasattr(value, method):
            value = getattr(value, method)()
            break
    return None if isinstance(value, float) and math.isnan(value) else value


def _text(value: str | bytes | None, name: str) -> str | None:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"{name!r} holds {value!r}, which is no UTF-8 text", branch=name
        ) from error
