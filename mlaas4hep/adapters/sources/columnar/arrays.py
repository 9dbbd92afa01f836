"""Named arrays as branches: one value, one row of a fixed width, or one row an entry."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from mlaas4hep.adapters.sources.columnar.table import Contents
from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.data.tree import BranchInfo
from mlaas4hep.core.data.values.texts import TEXT, text_array
from mlaas4hep.errors import InvalidRequestError

OFFSETS = "_offsets"  #: `J_offsets` says where the rows of `J` begin, and where the last one ends


class Values(Protocol):
    """Values that are read range by range."""

    def __getitem__(self, window: slice) -> Any:
        """Return the values of some entries: shape (entries, …), or objects that are rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayColumn:
    """One array of a file, or one field of it."""

    name: str
    values: Values
    dtype: "np.dtype[Any]"  #: of one number
    length: int  #: entries
    width: int = 0  #: numbers an entry if fixed, 0: one, and flat
    is_rows: bool = False  #: entries are arrays of different lengths
    offsets: Values | None = None  #: where rows begin in `values`
    is_text: bool = False
    unreadable: str = ""

    @property
    def jagged(self) -> bool:
        """Tell whether entries are rows."""
        return bool(self.width or self.is_rows or self.offsets is not None)

    def read(self, start: int, stop: int) -> Array | Jagged:
        """Return entries [start, stop)."""
        if self.offsets is not None:
            return self._between(np.asarray(self.offsets[start : stop + 1], np.int64))
        values = self.values[start:stop]
        if self.is_text:
            return text_array(map(_text, np.asarray(values).tolist()))
        if self.is_rows:
            rows = [np.asarray(row, self._native) for row in values]
            counts = [len(row) for row in rows]
            content = np.concatenate(rows) if rows else np.empty(0, self._native)
            return Jagged(content=content, offsets=np.cumsum([0, *counts], dtype=np.int64))
        flat = np.ascontiguousarray(values, self._native).reshape(-1)
        if not self.width:
            return flat
        return Jagged(
            content=flat, offsets=np.arange(stop - start + 1, dtype=np.int64) * self.width
        )

    def _between(self, offsets: Offsets) -> Jagged:
        if (np.diff(offsets) < 0).any() or offsets[0] < 0:
            raise ValueError(f"{self.name}{OFFSETS} falls")
        content = np.asarray(self.values[int(offsets[0]) : int(offsets[-1])], self._native)
        if len(content) != offsets[-1] - offsets[0]:
            raise EOFError(f"{self.name} ends before its offsets do")
        return Jagged(content=content, offsets=offsets - offsets[0])

    @property
    def _native(self) -> "np.dtype[Any]":
        return self.dtype.newbyteorder("=")


def array_column(
    name: str, values: Values, dtype: "np.dtype[Any]", shape: Sequence[int]
) -> ArrayColumn:
    """Return a column for an array of numbers; its first dimension counts entries."""
    if not shape:
        return ArrayColumn(name=name, values=values, dtype=dtype, length=0, unreadable="one value")
    width = int(np.prod(shape[1:], dtype=int)) if len(shape) > 1 else 0
    if dtype.kind in "US" and not width:
        return text_column(name, values, dtype, shape[0])
    why = "" if dtype.kind in "biuf" and dtype.itemsize <= 8 else _why(dtype)  # noqa: PLR2004
    if len(shape) > 1 and not width:
        why = "rows without values"
    return ArrayColumn(
        name=name, values=values, dtype=dtype, length=shape[0], width=width, unreadable=why
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of structured values, perhaps inside other fields."""

    path: tuple[str, ...]  #: names from the outermost field on
    dtype: "np.dtype[Any]"  #: of one value; it has no fields itself
    shape: tuple[int, ...]  #: of the values of one entry; empty: it has one

    def of(self, values: Any) -> Any:
        """Return the values of this field out of those of all fields."""
        for name in self.path:
            values = values[name]
        return values


def fields_of(dtype: "np.dtype[Any]") -> Iterator[Field]:
    """Yield the innermost fields of a structured type, in order."""
    for name in dtype.names or ():
        inner, shape = dtype[name].subdtype or (dtype[name], ())
        if inner.names is None:
            yield Field(path=(name,), dtype=inner, shape=shape)
        for each in fields_of(inner):
            yield replace(each, path=(name, *each.path), shape=(*shape, *each.shape))


def text_column(name: str, values: Values, dtype: "np.dtype[Any]", length: int) -> ArrayColumn:
    """Return a column for an array of texts."""
    return ArrayColumn(name=name, values=values, dtype=dtype, length=length, is_text=True)


def _text(value: Any) -> str | None:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _why(dtype: "np.dtype[Any]") -> str:
    return {"U": "rows of text", "S": "rows of text", "O": "objects", "c": "complex numbers"}.get(
        dtype.kind, str(dtype)
    )


def of_one_length(columns: Iterable[ArrayColumn]) -> list[ArrayColumn]:
    """Return the columns, those unreadable that have another length than most.

    Raises:
        InvalidRequestError: nobody can tell which length that of the entries is.
    """
    joined = list(_with_offsets(_of_one_name(list(columns))))
    lengths = Counter(each.length for each in joined if not each.unreadable).most_common(2)
    if len(lengths) > 1 and lengths[0][1] == lengths[1][1]:
        names = [
            next(each.name for each in joined if each.length == length) for length, _ in lengths
        ]
        raise InvalidRequestError(
            f"{names[0]!r} has {lengths[0][0]} entries and {names[1]!r} has {lengths[1][0]}:"
            " they are not of one table",
            hint="write each table into a file or group of its own",
        )
    entries = lengths[0][0] if lengths else 0
    return [
        each
        if each.unreadable or each.length == entries
        else replace(each, unreadable=f"{each.length} entries, not {entries}")
        for each in joined
    ]


def _of_one_name(columns: list[ArrayColumn]) -> list[ArrayColumn]:
    """Return the columns, those unreadable that share a name: `a.b` may be a field and an array."""
    times = Counter(each.name for each in columns)
    return [
        each
        if times[each.name] == 1
        else replace(each, unreadable=f"{times[each.name]} arrays have this name")
        for each in columns
    ]


def _with_offsets(columns: list[ArrayColumn]) -> Iterable[ArrayColumn]:
    """Yield the columns; an array and its offsets make one of rows."""
    named = {each.name: each for each in columns}
    for each in columns:
        offsets = named.get(f"{each.name}{OFFSETS}")
        if each.name.endswith(OFFSETS) and each.name.removesuffix(OFFSETS) in named:
            continue
        if offsets is not None and offsets.dtype.kind in "iu" and offsets.length:
            yield replace(each, offsets=offsets.values, length=offsets.length - 1)
        else:
            yield each


def contents_of(
    columns: Sequence[ArrayColumn], boundaries: tuple[int, ...], content: str
) -> Contents:
    """Return what there is to know about columns of one length."""
    good = [each for each in columns if not each.unreadable]
    entries = good[0].length if good else 0
    return Contents(
        entries=entries,
        branches=tuple(
            BranchInfo(
                name=each.name,
                dtype=TEXT if each.is_text else each.dtype.newbyteorder("=").name,
                jagged=each.jagged,
                collection=each.name if each.jagged else "",
            )
            for each in good
        ),
        unreadable=tuple((each.name, each.unreadable) for each in columns if each.unreadable),
        boundaries=boundaries,
        size_bytes={
            each.name: entries * each.dtype.itemsize * max(1, each.width or 4 * each.jagged)
            for each in good
        },
        content=content,
    )


def columns_between(columns: Iterable[ArrayColumn], start: int, stop: int) -> Columns:
    """Return entries [start, stop) of some columns."""
    flat: dict[str, Array] = {}
    jagged: dict[str, Jagged] = {}
    known: list[Offsets] = []
    for each in columns:
        values = each.read(start, stop)
        if isinstance(values, Jagged):
            jagged[each.name] = _sharing(values, known)
        else:
            flat[each.name] = values
    return Columns(entries=stop - start, flat=flat, jagged=jagged)


def _sharing(rows: Jagged, known: list[Offsets]) -> Jagged:
    """Return rows with the same offsets object as others of equal lengths."""
    for offsets in known:
        if offsets[-1] == rows.offsets[-1] and np.array_equal(offsets, rows.offsets):
            return Jagged(content=rows.content, offsets=offsets)
    known.append(rows.offsets)
    return rows
