"""What pandas' `to_hdf` writes: blocks of columns of one type, whose names lie beside them."""

import pickletools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlaas4hep.adapters.sources.columnar.arrays import ArrayColumn, Values, array_column
from mlaas4hep.core.data.columns import Array

_LABELS = re.compile(r"axis\d+.*|block\d+_items.*|index.*")  #: arrays beside the values
_VALUES = re.compile(r"block(\d+)_values")
_BLOCK = re.compile(r"values_block_\d+")
_OF_PANDAS = "row numbers or names of pandas"
_PICKLED = "objects that pandas pickled; to_hdf(…, format='table') and to_parquet keep texts"
_NAMES = frozenset({"UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "INT", "LONG"})
_TIMES = ("datetime64", "timedelta64")


class _Block:
    """Columns that lie side by side; what was read last is kept for the next column."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._window = slice(0, 0)
        self._read: Any = None

    def between(self, window: slice) -> Any:
        """Return the values of all columns."""
        if self._read is None or self._window != window:
            self._read, self._window = self._values[window], window
        return self._read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One column of a block."""

    block: _Block
    at: int

    def __getitem__(self, window: slice) -> Any:
        return self.block.between(window)[:, self.at]


def is_of_pandas(array: Any) -> bool:
    """Tell whether pandas wrote the group of an array."""
    return "pandas_type" in array.parent.attrs


def is_index(name: str, group: Any) -> bool:
    """Tell whether a group is PyTables' index of the table beside it."""
    return name.startswith("_i_") and name.removeprefix("_i_") in group


def columns_of_frame(array: Any, outer: str) -> Iterator[ArrayColumn] | None:
    """Return what an array of a `fixed` frame or series holds; None if it is a branch as it is.

    Args:
        array: in a group of pandas.
        outer: stands before the names of its columns; empty, or with a point.
    """
    last = array.name.rpartition("/")[2]
    if _LABELS.fullmatch(last):
        return iter([left_out(f"{outer}{last}", _OF_PANDAS)])
    match = _VALUES.fullmatch(last)
    if match:
        names = _item_names(array.parent, int(match[1]))
        return _columns(array, array.dtype, array.shape, (outer, last, names))
    if last == "values":
        name = _text(array.parent.attrs.get("name")) or last
        return _columns(array, array.dtype, (*array.shape[:1], 1), (outer, last, [name]))
    return None


def columns_of_block(table: Any, field: str, values: Values, outer: str) -> Iterator[ArrayColumn]:
    """Yield what a field of a table of pandas holds: some columns side by side, or row numbers."""
    dtype = table.dtype[field]
    kind = _text(table.attrs.get(f"{field}_dtype"))
    if field == "index":
        yield left_out(f"{outer}{field}", _OF_PANDAS)
    elif _BLOCK.fullmatch(field) and dtype.subdtype:
        inner, shape = dtype.subdtype
        names = _listed(table.attrs.get(f"{field}_kind"))
        yield from _split(values, inner, (*table.shape, *shape), (outer, field, names), kind)
    elif kind.startswith(_TIMES):
        yield left_out(f"{outer}{field}", kind)
    else:
        yield array_column(f"{outer}{field}", values, dtype, table.shape)


def left_out(name: str, why: str) -> ArrayColumn:
    """Return a column that cannot be read."""
    nothing = np.empty(0)
    return ArrayColumn(name=name, values=nothing, dtype=nothing.dtype, length=0, unreadable=why)


_Names = tuple[str, str, Sequence[str]]  #: what stands before them, that of the block, its columns'


def _columns(array: Any, dtype: Any, shape: Sequence[int], names: _Names) -> Iterator[ArrayColumn]:
    kind = _text(array.attrs.get("value_type"))
    outer, _, items = names
    if "shape" in array.attrs:  # pandas writes one value where there is none
        for item in items:
            yield ArrayColumn(name=f"{outer}{item}", values=np.empty(0), dtype=dtype, length=0)
    elif dtype.kind == "O":
        yield from (left_out(f"{outer}{item}", _PICKLED) for item in items)
    elif len(array.shape) == 1:
        yield from _split(_Tall(array), dtype, shape, names, kind)
    else:
        yield from _split(array, dtype, shape, names, kind)


@dataclass(frozen=True, slots=True, kw_only=False)
class _Tall:
    """One column, as a block of one."""

    values: Values

    def __getitem__(self, window: slice) -> Array:
        return np.asarray(self.values[window])[:, None]


def _split(
    values: Values, dtype: Any, shape: Sequence[int], names: _Names, kind: str
) -> Iterator[ArrayColumn]:
    """Yield the columns of a block; `kind` is pandas' name of their type, if it says so."""
    outer, last, items = names
    if len(shape) != 2 or len(items) != shape[1]:  # noqa: PLR2004 - entries and columns
        why = "names of several levels; columns of one level are read"
        yield left_out(f"{outer}{last}", why)
        return
    block = _Block(values)
    for at, item in enumerate(items):
        if kind.startswith(_TIMES):
            yield left_out(f"{outer}{item}", kind)
        else:
            part = _Part(block=block, at=at)
            yield array_column(f"{outer}{item}", part, dtype, shape[:1])


def _item_names(group: Any, number: int) -> list[str]:
    items = group.get(f"block{number}_items")
    if items is None or items.dtype.kind not in "SiufO":
        return []
    return [_text(each) for each in items[()].tolist()]


def _listed(pickled: Any) -> list[str]:
    """Return the names in a pickled list, which is not unpickled."""
    try:
        found = list(pickletools.genops(bytes(pickled or b"")))
    except ValueError:
        return []
    return [str(value) for code, value, _ in found if code.name in _NAMES]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return "" if value == b"N." else value.decode("utf-8", "backslashreplace")
    return "" if value is None else str(value)
