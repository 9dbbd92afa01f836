"""What a table holds as plain arrays, and back: who sends them is not believed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets

TOLD = "told"  #: the array that holds JSON; heads of frames are short
_LAST_CHARACTER = 0x10FFFF
_HALVES = 0xD800, 0xDFFF  #: of characters; alone they are none
_NUMBERS = "biuf"


def as_json(value: Any) -> Array:
    """Return JSON as bytes."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def understood(arrays: Mapping[str, Array]) -> Any:
    """Return what `told` told; ValueError: nothing was."""
    if TOLD not in arrays:
        raise ValueError("nothing was told")
    return json.loads(arrays[TOLD].tobytes())


@dataclass(slots=True)
class _PackedArrays:
    """Arrays of one answer, each once."""

    arrays: dict[str, Array] = field(default_factory=dict)
    known: dict[int, str] = field(default_factory=dict)  #: id of an array → its name

    def name(self, values: Array) -> str:
        """Return the name under which an array is sent."""
        name = self.known.get(id(values))
        if name is None:
            name = self.known[id(values)] = str(len(self.arrays))
            self.arrays[name] = _plain(values)
        return name


def pack(columns: Columns) -> dict[str, Array]:
    """Return entries as arrays that a frame can hold."""
    packed = _PackedArrays()
    flat = {name: packed.name(values) for name, values in columns.flat.items()}
    jagged = {
        name: (packed.name(rows.content), packed.name(rows.offsets))
        for name, rows in columns.jagged.items()
    }
    packed.arrays[TOLD] = as_json({"flat": flat, "jagged": jagged})
    return packed.arrays


def unpack(arrays: Mapping[str, Array], names: Sequence[str], entries: int) -> Columns:
    """Return the entries of these branches.

    Raises:
        ValueError, KeyError, TypeError: the arrays are something else.
    """
    found = understood(arrays)
    flat = {name: _values(arrays[place], entries) for name, place in found["flat"].items()}
    jagged = {
        name: _rows(arrays[content], arrays[offsets], entries)
        for name, (content, offsets) in found["jagged"].items()
    }
    if sorted((*flat, *jagged)) != sorted(set(names)):
        raise ValueError("it has other branches than were asked for")
    return Columns(entries=entries, flat=flat, jagged=jagged)


def _plain(values: Array) -> Array:
    """Return numbers as they are, and texts as the numbers of their characters."""
    if values.dtype.kind != "U":
        return values
    width = max(1, values.dtype.itemsize // 4)
    wide = np.ascontiguousarray(values, np.dtype(f"U{width}"))
    return wide.view(np.uint32).reshape(len(wide), width)


def _values(values: Array, entries: int) -> Array:
    if len(values) != entries:
        raise ValueError(f"{len(values)} values came for {entries} entries")
    if values.ndim == 1 and values.dtype.kind in _NUMBERS:
        return values
    return _texts(values)


def _texts(values: Array) -> Array:
    if values.ndim != 2 or values.dtype != np.uint32 or not values.shape[1]:  # noqa: PLR2004
        raise ValueError("what came is neither numbers nor texts")
    halves = (values >= _HALVES[0]) & (values <= _HALVES[1])
    if (values > _LAST_CHARACTER).any() or halves.any():
        raise ValueError("a text has what is no character")
    return np.ascontiguousarray(values).view(np.dtype(f"U{values.shape[1]}")).reshape(len(values))


def _rows(content: Array, offsets: Array, entries: int) -> Jagged:
    if content.ndim != 1 or content.dtype.kind not in _NUMBERS:
        raise ValueError("rows of what is no number")
    return Jagged(content=content, offsets=_checked(offsets, entries, len(content)))


def _checked(offsets: Array, entries: int, values: int) -> Offsets:
    if offsets.dtype != np.int64 or offsets.shape != (entries + 1,):
        raise ValueError(f"offsets {offsets.dtype} {offsets.shape} of {entries} entries")
    if offsets[0] != 0 or offsets[-1] != values or (np.diff(offsets) < 0).any():
        raise ValueError("offsets that do not fit their values")
    return offsets
