"""What Arrow's types hold: lists are rows, and fields of records have dotted names."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from mlaas4hep.core.data.nesting import SIZES
from mlaas4hep.core.data.tree import BranchInfo
from mlaas4hep.core.data.values.texts import TEXT

_TEXT_BYTES = 32
_INDEX = re.compile(r"__index_level_\d+__")  #: pandas' name of an index without one


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One column of numbers, perhaps inside records and lists."""

    column: str  #: of the table
    before: tuple[str, ...] = ()  #: fields of records to go through
    rows: str = ""  #: the list that is then opened, dotted; empty: there is none
    inside: tuple[str, ...] = ()  #: fields of the records in that list
    inner: str = ""  #: the list within that list, dotted, and []; empty: there is none
    within: tuple[str, ...] = ()  #: fields of the records in the inner list
    is_sizes: bool = False  #: the lengths of the inner lists, not what is in them
    width: int = 1  #: values of each element of the innermost list
    dtype: str = ""  #: NumPy's name, or text; empty if it can be neither
    unreadable: str = ""  #: why it cannot be numbers
    stored: int = 1  #: columns that Parquet keeps it in

    @property
    def name(self) -> str:
        """Return the name of the branch."""
        path = ".".join((self.column, *self.before, *self.inside, *self.within))
        return f"{path}{SIZES}" if self.is_sizes else path

    @property
    def size_bytes(self) -> int:
        """Return about how much memory a value takes."""
        return _TEXT_BYTES if self.dtype == TEXT else int(np.dtype(self.dtype).itemsize)

    @property
    def branch(self) -> BranchInfo:
        """Return what is told about it: leaves of one list share row lengths."""
        innermost = self.rows if self.is_sizes else self.inner or self.rows
        return BranchInfo(
            name=self.name,
            dtype=self.dtype,
            jagged=bool(self.rows),
            collection=innermost if self.width == 1 else self.name,
        )


def leaves_of(schema: Any) -> Iterator[Leaf]:
    """Yield what the columns of a schema hold, in order.

    Columns of one name are left out, all of them: which of them is meant cannot be known. Where a
    column and a field inside another have one name, `a.b`, the first counts.
    """
    seen: set[str] = set()
    times = Counter(schema.names)
    for column in schema:
        if why := _useless(column.name, times[column.name]):
            yield _Way(column=column.name).leaf("", why, stored(column.type))
            continue
        for leaf in _leaves(column.type, _Way(column=column.name)):
            yield leaf if leaf.name not in seen else _twice(leaf)
            seen.add(leaf.name)


def _useless(name: str, times: int) -> str:
    """Return why a column is left out whatever is in it; empty if it is not."""
    if times > 1:
        return f"{times} columns have this name"
    return "row numbers of pandas" if _INDEX.fullmatch(name) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a type is reached from its column."""

    column: str
    before: tuple[str, ...] = ()
    rows: str = ""
    inside: tuple[str, ...] = ()
    inner: str = ""
    within: tuple[str, ...] = ()
    width: int = 1

    @property
    def path(self) -> str:
        return ".".join((self.column, *self.before, *self.inside, *self.within))

    def into(self, field: str) -> "_Way":
        if self.inner:
            return replace(self, within=(*self.within, field))
        if self.rows:
            return replace(self, inside=(*self.inside, field))
        return replace(self, before=(*self.before, field))

    def through(self, width: int) -> "_Way":
        """Return the way through a list; one of a fixed width inside another only widens it."""
        if not self.rows:
            return replace(self, rows=self.path)
        return replace(self, width=self.width * width)

    def within_rows(self) -> "_Way":
        """Return the way through a list that lies in a list."""
        return replace(self, inner=f"{self.path}[]")

    def leaf(self, dtype: str, unreadable: str = "", stored: int = 1) -> Leaf:
        return Leaf(
            column=self.column,
            before=self.before,
            rows=self.rows,
            inside=self.inside,
            inner=self.inner,
            within=self.within,
            width=self.width,
            dtype=dtype,
            unreadable=unreadable,
            stored=stored,
        )


def _leaves(kind: Any, way: _Way) -> Iterator[Leaf]:
    kind = plain(kind)
    if pa.types.is_struct(kind):
        for field in kind:
            if way.width > 1:
                yield way.into(field.name).leaf("", "records in fixed arrays", stored(field.type))
            else:
                yield from _leaves(field.type, way.into(field.name))
    elif is_list(kind):
        yield from _of_list(kind, way)
    else:
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        dtype = _dtype(kind) or (TEXT if _is_text(kind) and not way.rows else "")
        yield way.leaf(dtype) if dtype else way.leaf("", _why(kind), stored(kind))


def _of_list(kind: Any, way: _Way) -> Iterator[Leaf]:
    fixed = pa.types.is_fixed_size_list(kind)
    if fixed or not way.rows:
        yield from _leaves(kind.value_type, way.through(kind.list_size if fixed else 1))
    elif way.inner or way.width > 1:
        yield way.leaf("", "rows within rows within rows", stored(kind))
    else:
        inner = way.within_rows()
        found = list(_leaves(kind.value_type, inner))
        if any(not leaf.unreadable for leaf in found):
            yield replace(inner.leaf("int64", stored=0), is_sizes=True)
        yield from found


def _twice(leaf: Leaf) -> Leaf:
    return Leaf(
        column=leaf.column,
        before=leaf.before,
        inside=leaf.inside,
        within=leaf.within,
        is_sizes=leaf.is_sizes,
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


def plain(kind: Any) -> Any:
    """Return what values are stored as: of an extension type, such as awkward's, what it extends.

    Where the library that made it is not imported, pyarrow itself tells no more than that.
    """
    return plain(kind.storage_type) if isinstance(kind, pa.BaseExtensionType) else kind


def stored(kind: Any) -> int:
    """Return how many columns Parquet keeps a type in."""
    kind = plain(kind)
    if pa.types.is_map(kind):
        return stored(kind.key_type) + stored(kind.item_type)
    if is_list(kind):
        return stored(kind.value_type)
    if pa.types.is_struct(kind):
        return sum(stored(field.type) for field in kind)
    return 1
