"""Arrow's arrays as columns of numbers; what is missing is NaN, a missing list an empty row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlaas4hep.adapters.sources.columnar.leaves import Leaf, is_list
from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.data.values.texts import TEXT, text_array
from mlaas4hep.core.doubles import DOUBLES_HOLD
from mlaas4hep.errors import InvalidRequestError

MAX_SHARED = 64 * 1024**2  #: values of views at once, which may all show the same few


def convert_first() -> None:
    """Convert something: at the first conversion pyarrow imports pandas, which takes half a second."""
    pa.array([0.0, None]).to_numpy(zero_copy_only=False)


def columns_of(table: Any, leaves: Sequence[Leaf]) -> Columns:
    """Return the entries of an Arrow table or batch.

    Raises:
        InvalidRequestError: values are missing, or of a decimal type, where a double cannot hold
            all whole ones.
    """
    flat: dict[str, Array] = {}
    jagged: dict[str, Jagged] = {}
    lists = _Lists()
    for leaf in leaves:
        values = _whole(table.column(leaf.column))
        for field in leaf.before:
            values = _field(values, field)
        if leaf.rows:
            jagged[leaf.name] = _rows(leaf, values, lists)
        else:
            read = _texts if leaf.dtype == TEXT else _numbers
            flat[leaf.name] = read(values, leaf.name)
    return Columns(entries=table.num_rows, flat=flat, jagged=jagged)


class _Lists:
    """The lists that are open: leaves of one list, and lists of equal lengths, share offsets."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Any, Offsets]] = {}
        self._through: dict[str, Offsets] = {}

    def open(self, name: str, values: Any) -> tuple[Any, Offsets]:
        """Return the elements of all lists, and where those of each begin."""
        if name not in self._open:
            counts = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
            offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
            _check_shared(values, int(offsets[-1]))
            self._open[name] = _plain(values.flatten()), self._shared(offsets)
        return self._open[name]

    def through(self, name: str, inner: Offsets, outer: Offsets) -> Offsets:
        """Return where the elements of each row begin that lie in lists within its lists."""
        if name not in self._through:
            self._through[name] = inner[outer]
        return self._through[name]

    def _shared(self, offsets: Offsets) -> Offsets:
        for _, known in self._open.values():
            if known[-1] == offsets[-1] and np.array_equal(known, offsets):
                return known
        return offsets


def _check_shared(values: Any, shown: int) -> None:
    """Refuse lists that are views of a few values and show more than memory holds."""
    if shown > max(MAX_SHARED, len(values.values)):
        raise ValueError(f"its lists are views of {len(values.values)} values and show {shown}")


def _whole(values: Any) -> Any:
    if isinstance(values, pa.ChunkedArray):
        values = values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    return _plain(values)


def _field(values: Any, name: str) -> Any:
    return _plain(pc.struct_field(values, name))


def _plain(values: Any) -> Any:
    """Return values of an extension type as they are stored."""
    return _plain(values.storage) if isinstance(values, pa.ExtensionArray) else values


def _rows(leaf: Leaf, values: Any, lists: _Lists) -> Jagged:
    content, offsets = lists.open(leaf.rows, values)
    for field in leaf.inside:
        content = _field(content, field)
    if leaf.inner:
        content, inner = lists.open(leaf.inner, content)
        if leaf.is_sizes:
            return Jagged(content=np.diff(inner), offsets=offsets)
        offsets = lists.through(leaf.inner, inner, offsets)
        for field in leaf.within:
            content = _field(content, field)
    while is_list(content.type):
        if content.null_count:
            raise InvalidRequestError(
                f"branch {leaf.name!r} lacks some of its fixed arrays", branch=leaf.name
            )
        content = _plain(content.flatten())
    offsets = offsets if leaf.width == 1 else offsets * leaf.width
    return Jagged(content=_numbers(content, leaf.name), offsets=offsets)


def _numbers(values: Any, name: str) -> Array:
    if isinstance(values, pa.DictionaryArray):
        values = values.dictionary_decode()
    if pa.types.is_decimal(values.type):
        values = _doubles(values, name)
    if values.null_count:
        values = _with_gaps(values, name)
    found: Array = values.to_numpy(zero_copy_only=False)
    return found


def _doubles(decimals: Any, name: str) -> Any:
    """Return decimal numbers as doubles; refuse whole ones that would lose digits."""
    if decimals.type.scale <= 0 and _exceeds_doubles(decimals):
        raise InvalidRequestError(
            f"branch {name!r} has whole numbers above 2^53 in a decimal type, which are read as"
            " doubles: the last digits would be lost",
            branch=name,
            hint="write it as int64, or leave it out with exclude_branches",
        )
    return decimals.cast(pa.string()).cast(pa.float64())  # Arrow's own way is off by a last digit


def _exceeds_doubles(values: Any) -> bool:
    ends = pc.min_max(values).as_py()
    return ends["max"] is not None and max(-ends["min"], ends["max"]) > DOUBLES_HOLD


def _texts(values: Any, _name: str) -> Array:
    if not isinstance(values, pa.DictionaryArray):
        values = values.dictionary_encode()
    known = text_array([*values.dictionary.to_pylist(), None])
    places = values.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
    found: Array = known[places]
    return found


def _with_gaps(values: Any, name: str) -> Any:
    """Return values of which some are missing as a decimal type, which has NaN for them."""
    if pa.types.is_boolean(values.type):
        return values.cast(pa.int8()).cast(pa.float64())
    if not pa.types.is_integer(values.type):
        return values
    if _exceeds_doubles(values):
        raise InvalidRequestError(
            f"branch {name!r} has gaps and whole numbers above 2^53, which cannot be both kept",
            branch=name,
            hint="fill the gaps, or leave it out with exclude_branches",
        )
    return values.cast(pa.float64())
