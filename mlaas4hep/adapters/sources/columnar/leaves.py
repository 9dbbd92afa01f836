"""What Arrow's types hold: lists are rows, and fields of records have dotted names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mlaas4hep.core.data.tree import BranchInfo
from mlaas4hep.core.data.values.texts import TEXT

_TEXT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One column of numbers, perhaps inside records and lists."""

    column: str  #: of the table
    before: tuple[str, ...] = ()  #: fields of records to go through
    rows: str = ""  #: the list that is then opened, dotted; empty: there is none
    inside: tuple[str, ...] = ()  #: fields of the records in that list
    width: int = 1  #: values of each element of the list
    dtype: str = ""  #: NumPy's name, or text; empty if it can be neither
    unreadable: str = ""  #: why it cannot be numbers
    stored: int = 1  #: columns that Parquet keeps it in

    @property
    def name(self) -> str:
        """Return the name of the branch."""
        return ".".join((self.column, *self.before, *self.inside))

    @property
    def size_bytes(self) -> int:
        """Return about how much memory a value takes."""
        return _TEXT_BYTES if self.dtype == TEXT else int(np.dtype(self.dtype).itemsize)

    @property
    def branch(self) -> BranchInfo:
        """Return what is told about it: leaves of one list share row lengths."""
        return BranchInfo(
            name=self.name,
            dtype=self.dtype,
            jagged=bool(self.rows),
            collection=self.rows if self.width == 1 else self.name,
        )


def leaves_of(schema: Any) -> Iterator[Leaf]:
    """Yield what the columns of a schema hold, in order; of a name twice, the first counts."""
    seen: set[str] = set()
    for column in schema:
        for leaf in _leaves(column.type, _Way(column=column.name)):
            yield leaf if leaf.name not in seen else _twice(leaf)
            seen.add(leaf.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a type is reached from its column."""

    column: str
    before: tuple[str, ...] = ()
    rows: str = ""
    inside: tuple[str, ...] = ()
    width: int = 1

    def into(self, field: str) -> "_Way":
        before = self.before if self.rows else (*self.before, field)
        inside = (*self.inside, field) if self.rows else ()
        return _Way(
            column=self.column, before=before, rows=self.rows, inside=inside, width=self.width
        )

    def through(self, width: int) -> "_Way":
        """Return the way through a list; one inside another has a fixed width."""
        rows = self.rows or ".".join((self.column, *self.before))
        width = self.width * width if self.rows else 1
        return _Way(
            column=self.column, before=self.before, rows=rows, inside=self.inside, width=width
        )

    def leaf(self, dtype: str, unreadable: str = "", stored: int = 1) -> Leaf:
        return Leaf(
            column=self.column,
            before=self.before,
            rows=self.rows,
            inside=self.inside,
            width=self.width,
            dtype=dtype,
            unreadable=unreadable,
            stored=stored,
        )


def _leaves(kind: Any, way: _Way) -> Iterator[Leaf]:
    if pa.types.is_struct(kind):
        for field in kind:
            if way.width > 1:
                yield way.into(field.name).leaf("", "records in fixed arrays", stored(field.type))
            else:
                yield from _leaves(field.type, way.into(field.name))
    elif is_list(kind):
        fixed = pa.types.is_fixed_size_list(kind)
        if way.rows and not fixed:
            yield way.leaf("", "rows within rows", stored(kind))
        else:
            yield from _leaves(kind.value_type, way.through(kind.list_size if fixed else 1))
    else:
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        dtype = _dtype(kind) or (TEXT if _is_text(kind) and not way.rows else "")
        yield way.leaf(dtype) if dtype else way.leaf("", _why(kind), stored(kind))


def _twice(leaf: Leaf) -> Leaf:
    return Leaf(
        column=leaf.column,
        before=leaf.before,
        inside=leaf.inside,
        unreadable="a name that was there before",
        stored=leaf.stored,
    )


def is_list(kind: Any) -> bool:
    """Tell whether values are lists of any kind."""
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def _dtype(kind: Any) -> str:
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return str(np.dtype(kind.to_pandas_dtype()))
    return "float64" if pa.types.is_decimal(kind) else ""


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _why(kind: Any) -> str:
    if _is_text(kind):
        return "rows of text"
    return "no value in any entry" if pa.types.is_null(kind) else str(kind)


def stored(kind: Any) -> int:
    """Return how many columns Parquet keeps a type in."""
    if pa.types.is_map(kind):
        return stored(kind.key_type) + stored(kind.item_type)
    if is_list(kind):
        return stored(kind.value_type)
    if pa.types.is_struct(kind):
        return sum(stored(field.type) for field in kind)
    return 1
