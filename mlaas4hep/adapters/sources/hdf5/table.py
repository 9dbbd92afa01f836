"""The format HDF5, with h5py: a group of arrays of one length, or a table, is a tree."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import h5py
import numpy as np
from h5py import h5z

from mlaas4hep.adapters.sources.columnar.arrays import (
    ArrayColumn,
    Field,
    array_column,
    columns_between,
    contents_of,
    fields_of,
    of_one_length,
    text_column,
)
from mlaas4hep.adapters.sources.columnar.file import PlaceFile
from mlaas4hep.adapters.sources.columnar.inflation import check_entries
from mlaas4hep.adapters.sources.columnar.table import Opening
from mlaas4hep.adapters.sources.hdf5.heaps import HeapCheckedFile
from mlaas4hep.adapters.sources.hdf5.pandas import (
    columns_of_block,
    columns_of_frame,
    is_of_pandas,
    left_out,
)
from mlaas4hep.adapters.sources.hdf5.references import (
    CheckedValues,
    References,
    filters,
    not_checkable,
    references,
)
from mlaas4hep.adapters.sources.hdf5.walk import Walk
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core import keys
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.request import Params
from mlaas4hep.errors import InvalidRequestError

MIN_STEP = 1000  #: entries between boundaries, at least
_SWAPPED = "rows of numbers in the byte order of other machines; write them little-endian"

Refer = Callable[[Any, str, "np.dtype[Any]"], References]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One field of a table; `inner` says which of the fields inside it, if it has any."""

    table: Any
    name: str
    inner: Field | None = None

    def __getitem__(self, window: slice) -> Any:
        values = self.table.fields(self.name)[window]
        return self.inner.of(values) if self.inner else values


class Hdf5Table:
    """One open file."""

    def __init__(self, opening: Opening) -> None:
        checked = HeapCheckedFile(opening.file)
        file = opening.stack.enter_context(h5py.File(checked, "r"))
        walk = Walk(file)
        tree = _tree(walk, opening.tree, shown(opening.place.url))
        inside, twice = _inside(walk, tree)
        refer = partial(references, file=opening.file, file_bytes=opening.place.size_bytes)
        columns = of_one_length(
            (
                *(c for path, each in inside.items() for c in _columns(path, each, tree, refer)),
                *(
                    left_out(_name(path, tree) or path.rpartition("/")[2], why)
                    for path, why in (walk.left_out | twice).items()
                    if _below(path, tree)
                ),
            )
        )
        entries = next((each.length for each in columns if not each.unreadable), 0)
        check_entries(opening.place, entries)  # before a boundary is made for some of each
        self._columns = {each.name: each for each in columns}
        content = keys.digest(
            [(path, str(each.dtype), each.shape) for path, each in inside.items()]
        )
        self.contents = contents_of(columns, _boundaries(inside.values(), entries), content)

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window."""
        return columns_between([self._columns[name] for name in names], *window)


def _below(path: str, tree: str) -> bool:
    return not tree or path == tree or path.startswith(f"{tree}/")


def _inside(walk: Walk, tree: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the arrays of a tree by path, and links to those that it has anyway, with why."""
    own = {path: each for path, each in walk.arrays.items() if _below(path, tree)}
    names = {each.id: path for path, each in own.items()}
    links = {path: each for path, each in walk.linked.items() if _below(path, tree)}
    twice = {
        path: f"a link to {_name(names[each.id], tree)}"
        for path, each in links.items()
        if each.id in names
    }
    more = {path: each for path, each in links.items() if path not in twice}
    return own | more, twice


def _tree(walk: Walk, wanted: str, name: str) -> str:
    """Return the path of the group or table that is meant.

    Raises:
        InvalidRequestError: there is none of that name, and not just one at all.
    """
    wanted = wanted.strip("/")
    if any(_below(path, wanted) for path in (*walk.arrays, *walk.linked)):
        return wanted
    trees = _trees(walk.arrays)
    if len(trees) == 1 and wanted == Params().branch:
        return trees[0]
    listed = ", ".join(tree or "/" for tree in trees) or "none"
    raise InvalidRequestError(
        f"{name} has no group or table {wanted!r}; those there are: {listed}",
        hint=nearest(wanted, trees) or 'set "branch" in params.json to one of them',
    )


def _trees(found: dict[str, Any]) -> list[str]:
    """Return the paths of the tables, and of the groups with other arrays."""
    tables = {path for path, each in found.items() if each.dtype.names}
    return sorted(tables | {path.rpartition("/")[0] for path in found.keys() - tables})


def open_table(opening: Opening) -> Hdf5Table:
    """Return the table in a file; only a confined process may: libhdf5 breaks on some files."""
    return Hdf5Table(opening)


def list_trees(file: PlaceFile) -> tuple[str, ...]:
    """Return the names of the tables in a file; see `open_table`."""
    with h5py.File(HeapCheckedFile(file), "r") as opened:
        return tuple(_trees(Walk(opened).arrays))


def _out_of_reach(array: Any) -> str:
    """Return why libhdf5 cannot get at the values of an array here, or an empty text."""
    if array.is_virtual or array.external:
        return "values in other files"
    missing = [f"{code} {name}" for code, name in filters(array) if not _is_known(code)]
    if not missing:
        return ""
    return (
        f"packed with filter {', '.join(missing).strip()}, which is not here; h5repack -f GZIP=4"
        " old.h5 new.h5, where it is, packs the file in a way that is read everywhere"
    )


def _is_known(code: int) -> bool:
    return bool(h5z.filter_avail(code))


def _columns(path: str, array: Any, tree: str, refer: Refer) -> Iterator[ArrayColumn]:
    name = _name(path, tree)
    whole = name or path.rpartition("/")[2]
    why = _out_of_reach(array) or ("no values" if array.shape is None else "")
    frame = None
    if not why and is_of_pandas(array):
        frame = columns_of_frame(array, name.rpartition(".")[0] and f"{name.rpartition('.')[0]}.")
    if why:
        yield left_out(whole, why)
    elif frame is not None:
        yield from frame
    elif array.dtype.names:
        yield from _fields(array, f"{name}." if name else "", refer)
    else:
        yield _checked(_column(whole, array, array.dtype, array.shape), array, "", refer)


def _fields(array: Any, outer: str, refer: Refer) -> Iterator[ArrayColumn]:
    """Yield the fields of a table."""
    for field in array.dtype.names:
        values = _Field(table=array, name=field)
        if is_of_pandas(array):
            yield from columns_of_block(array, field, values, outer)
            continue
        if array.dtype[field].base.names:
            yield from _fields_inside(array, field, f"{outer}{field}")
            continue
        column = _column(f"{outer}{field}", values, array.dtype[field], array.shape)
        yield _checked(column, array, field, refer)


def _fields_inside(array: Any, field: str, outer: str) -> Iterator[ArrayColumn]:
    """Yield the fields inside one field: all or, where one lies behind references, none.

    libhdf5 reads a field as a whole, and would follow references that nobody has looked at.
    """
    dtype, shape = array.dtype[field].subdtype or (array.dtype[field], ())
    if dtype.hasobject:
        yield left_out(outer, "a record with rows or texts of variable length, or references")
        return
    for each in fields_of(dtype):
        values = _Field(table=array, name=field, inner=each)
        sizes = (*array.shape, *shape, *each.shape)
        yield array_column(".".join((outer, *each.path)), values, each.dtype, sizes)


def _checked(column: ArrayColumn, array: Any, field: str, refer: Refer) -> ArrayColumn:
    """Return the column; where its values lie behind references, these are looked at first."""
    is_text = column.is_text and column.dtype.kind == "O"
    if column.unreadable or not (column.is_rows or is_text):
        return column
    why = not_checkable(array)
    if why:
        return replace(column, unreadable=why)
    counted = np.dtype(np.uint8) if is_text else column.dtype
    values = CheckedValues(values=column.values, references=refer(array, field, counted))
    return replace(column, values=values)


def _name(path: str, tree: str) -> str:
    return path[len(tree) :].strip("/").replace("/", ".")


def _column(name: str, values: Any, dtype: Any, shape: tuple[int, ...]) -> ArrayColumn:
    if h5py.check_string_dtype(dtype) is not None:
        column = text_column(name, values, dtype, shape[0] if shape else 0)
        return column if len(shape) == 1 else replace(column, unreadable="rows of text")
    rows = h5py.check_vlen_dtype(dtype)
    if rows is not None:
        inner = np.dtype(rows)
        good = inner.kind in "biuf" and len(shape) == 1
        swapped = good and not inner.isnative  # h5py takes their bytes as they are
        return ArrayColumn(
            name=name,
            values=values,
            dtype=inner,
            length=shape[0] if shape else 0,
            is_rows=True,
            unreadable=_SWAPPED if swapped else "" if good else f"rows of {inner}",
        )
    inner, more = dtype.subdtype or (dtype, ())
    return array_column(name, values, inner, (*shape, *more))


def _boundaries(arrays: Any, entries: int) -> tuple[int, ...]:
    """Return where chunks begin that are inflated as a whole."""
    chunks = [each.chunks[0] for each in arrays if each.chunks and each.shape[0] == entries]
    if not chunks or min(chunks) >= entries:
        return (0,)
    step = max(chunks)
    return tuple(range(0, entries, step * -(-MIN_STEP // step)))
