"""One basket of a TTree, inflated: its values as stored, and where its rows begin.

The layout of keys and baskets is that of ROOT's TKey and TBasket.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mlaas4hep.adapters.sources.root.codecs import Check, inflated
from mlaas4hep.adapters.sources.root.layout import Baskets, Kind
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError
from mlaas4hep.core.data.columns import Array

KEY = struct.Struct(">ihiIhh")  #: bytes, version, object bytes, date, key bytes, cycle
BASKET = struct.Struct(">hiiiib")  #: version, buffer bytes, offsets, entries, last, flag
_FEATURES = 0x100  #: from this version on, a byte of features stands among these numbers
_LONG = 255  #: length of a text whose length follows in four bytes
_LENGTH = struct.Struct(">I").unpack_from
_VECTOR_COUNT = 6  #: where the header of a vector's row says how many values follow


class UnknownBasketError(Exception):
    """This is nothing that we decode; uproot may."""


class StoredRows(NamedTuple):
    """Where the rows of a basket begin, as it is stored: in bytes, counted from its key."""

    places: Array  #: shape (entries,), big endian
    key_size: int
    border: int  #: where the last row ends, counted from the first
    item_size: int  #: bytes of a value
    inner: int  #: values in each element of a row

    def is_alike(self, other: "StoredRows") -> bool:
        """Tell whether the rows of both are as long; of values of two sizes it is not known."""
        sizes = self.border, self.item_size, self.inner
        if sizes != (other.border, other.item_size, other.inner):
            return False
        shift = self.key_size - other.key_size
        if not shift:
            return self.places.tobytes() == other.places.tobytes()
        return np.array_equal(self.places - other.places, np.full(len(self.places), shift))


class Basket(NamedTuple):
    """An inflated basket or a part of one; where rows begin is found out when it is needed.

    A tuple, of which hundreds are made for a block.
    """

    entries: int
    values: Array  #: as stored, without headers
    offsets: Callable[[], Array]  #: where rows begin, and the end, counted in values
    rows: StoredRows | None = None  #: of a whole basket that says where they begin

    def window(self, kind: Kind, first: int, start: int, stop: int) -> "Basket":
        """Return the part of the basket, which begins at entry `first`, inside [start, stop)."""
        if start <= first and first + self.entries <= stop:
            return self
        low, high = max(start - first, 0), min(stop - first, self.entries)
        if kind.length:
            values = self.values[low * kind.length : high * kind.length]
            return Basket(entries=high - low, values=values, offsets=self.offsets)
        offsets = self.offsets()[low : high + 1]
        return Basket(
            entries=high - low,
            values=self.values[offsets[0] : offsets[-1]],
            offsets=lambda: offsets,
        )

    def has_rows_of(self, other: "Basket") -> bool:
        """Tell whether the rows of both are as long, as far as that shows without counting."""
        return self.rows is not None and other.rows is not None and self.rows.is_alike(other.rows)


class Body(NamedTuple):
    """A basket without its heads: values, and behind them a count and the place of each row."""

    entries: int
    data: memoryview
    border: int  #: where the values end
    key_size: int  #: bytes before them, from which places of rows are counted
    steps: bool  #: from one row to the next, instead of places


def read_basket(
    leaf: Baskets, index: int, buffer: memoryview, counted: Callable[[int], Array], check: Check
) -> Basket:
    """Return a basket.

    Args:
        leaf: its branch.
        index: which of its baskets.
        buffer: the bytes in the file.
        counted: gives the offsets of rows from the counter branch; takes the number of values.
        check: is told to how many bytes it inflates, before it does.

    Raises:
        UnknownBasketError: its rows are nothing that we know.
        DamagedStreamError: it is not the basket that the tree tells of.
    """
    size, _, object_size, _, key_size, _ = KEY.unpack_from(buffer)
    if not KEY.size + BASKET.size <= key_size <= len(buffer):
        raise DamagedStreamError(f"basket {index} of {leaf.name!r} has no key")
    version, _, _, entries, last, _ = BASKET.unpack_from(buffer, key_size - BASKET.size)
    if size != len(buffer) or entries != leaf.entries[index + 1] - leaf.entries[index]:
        raise DamagedStreamError(f"basket {index} of {leaf.name!r} is not what the tree tells of")
    data = memoryview(inflated(buffer[key_size:], object_size, check))
    border = last - key_size
    if not 0 <= border <= object_size:
        raise DamagedStreamError(f"basket {index} of {leaf.name!r} ends outside of itself")
    return decoded_body(leaf, Body(entries, data, border, key_size, version >= _FEATURES), counted)


def decoded_body(leaf: Baskets, body: Body, counted: Callable[[int], Array]) -> Basket:
    """Return the basket that was behind its heads.

    Args:
        leaf: its branch.
        body: the basket.
        counted: gives the offsets of rows from the counter branch; takes the number of values.

    Raises:
        UnknownBasketError: its rows are nothing that we know.
    """
    if leaf.kind.length:
        return _fixed(leaf, body.entries, body.data[: body.border])
    if body.border == len(body.data):
        if leaf.kind.header:
            raise UnknownBasketError(leaf.name)
        values = _values(leaf, body.data)
        if leaf.kind.text:
            return Basket(
                entries=body.entries, values=values, offsets=lambda: _texts_one_by_one(leaf, body)
            )
        return Basket(entries=body.entries, values=values, offsets=lambda: counted(len(values)))
    return _with_offsets(leaf, body)


def _values(leaf: Baskets, data: memoryview) -> Array:
    stored = leaf.kind.dtype
    if len(data) % stored.itemsize:
        raise UnknownBasketError(leaf.name)
    return np.frombuffer(data, stored)


def _fixed(leaf: Baskets, entries: int, data: memoryview) -> Basket:
    kind = leaf.kind
    values = _members(leaf, entries, data) if kind.stride else _values(leaf, data)
    if len(values) != entries * kind.length:
        raise UnknownBasketError(leaf.name)
    return Basket(
        entries=entries, values=values, offsets=lambda: np.arange(entries + 1) * kind.length
    )


def _members(leaf: Baskets, entries: int, data: memoryview) -> Array:
    """Return the values of one leaf where several lie one behind the other in each entry."""
    kind = leaf.kind
    place, number = kind.mark
    if len(data) != entries * kind.stride:
        raise UnknownBasketError(leaf.name)
    if number and (np.ndarray(entries, ">u4", data, place, kind.stride) != number).any():
        raise UnknownBasketError(leaf.name)
    size = kind.dtype.itemsize
    found: Array = np.ndarray(
        (entries, kind.length), kind.dtype, data, kind.at, (kind.stride, size)
    )
    return found.reshape(-1)


def _with_offsets(leaf: Baskets, body: Body) -> Basket:
    """Return a basket of rows; behind the values lie a count and the place of each row."""
    entries, data, border, key_size, steps = body
    kind = leaf.kind
    step = _step(kind, entries, border, len(data))
    border *= step
    if len(data) - border < 4 * (entries + 1):
        raise UnknownBasketError(leaf.name)
    stored = _places(np.frombuffer(data, ">i4", entries + 1, border), key_size, steps)

    def in_bytes() -> Array:
        offsets = np.empty(entries + 1, np.int64)
        np.subtract(stored[1:], key_size, out=offsets[:-1])
        if step > 1:
            offsets[:-1] *= step
        offsets[-1] = border
        ascending = offsets[0] == 0 and (offsets[1:] - offsets[:-1] >= kind.header).all()
        if entries and not (ascending and stored[0] in (entries, entries + 1)):
            raise UnknownBasketError(leaf.name)
        return offsets

    if not kind.header:
        return Basket(
            entries=entries,
            values=_values(leaf, data[:border]),
            offsets=lambda: _in_values(leaf, in_bytes()),
            rows=StoredRows(
                places=stored[1:],
                key_size=key_size,
                border=border,
                item_size=kind.dtype.itemsize,
                inner=kind.inner,
            ),
        )
    return _of_vectors(leaf, entries, data[:border], in_bytes())


def _texts_one_by_one(leaf: Baskets, body: Body) -> Array:
    """Return where texts begin of which no places are stored: each has its length before it."""
    at, offsets = 0, np.zeros(body.entries + 1, np.int64)
    try:
        for entry in range(1, body.entries + 1):
            length, begin = body.data[at], at + 1
            if length == _LONG:
                (length,), begin = _LENGTH(body.data, begin), begin + 4
            offsets[entry] = at = begin + length
    except (IndexError, struct.error) as error:
        raise UnknownBasketError(leaf.name) from error
    if at != body.border:
        raise UnknownBasketError(leaf.name)
    return offsets


def _of_vectors(leaf: Baskets, entries: int, data: memoryview, offsets: Array) -> Basket:
    """Return a basket of rows that have a header, and their count in it; `offsets` are in bytes."""
    body = _without_headers(leaf.kind, data, offsets)
    counts = _counts(data, offsets[:-1] + _VECTOR_COUNT)
    offsets -= np.arange(entries + 1) * leaf.kind.header
    offsets = _in_values(leaf, offsets)
    if not np.array_equal(counts, np.diff(offsets)):
        raise UnknownBasketError(leaf.name)
    return Basket(entries=entries, values=_values(leaf, body.data), offsets=lambda: offsets)


def _places(stored: Array, key_size: int, steps: bool) -> Array:
    """Return a count and places, of which ROOT's I/O features make steps from one to the next."""
    if not steps:
        return stored
    return np.append(stored[:1], np.cumsum(stored[1:]) + key_size).astype(">i4")


def _in_values(leaf: Baskets, offsets: Array) -> Array:
    """Return offsets in bytes as such in values."""
    size = leaf.kind.dtype.itemsize * leaf.kind.inner
    if size > 1 and (offsets % size).any():
        raise UnknownBasketError(leaf.name)
    return offsets // leaf.kind.dtype.itemsize


def _step(kind: Kind, entries: int, border: int, size: int) -> int:
    """Return how many bytes each one is that a basket tells of.

    Of `x[n][3]`, uproot tells a third of where rows and values end (docs/upstream.md).
    """
    behind = 4 * (entries + 2)  #: a count, the place of each row, and one number more
    return kind.inner if border * kind.inner + behind == size else 1


def _without_headers(kind: Kind, data: memoryview, offsets: Array) -> Array:
    keep = np.ones(len(data), np.bool_)
    keep[(offsets[:-1, None] + np.arange(kind.header)).reshape(-1)] = False
    return np.frombuffer(data, np.uint8)[keep]


def _counts(data: memoryview, places: Array) -> Array:
    """Return the four-byte numbers at `places`."""
    bytes_ = np.frombuffer(data, np.uint8)[places[:, None] + np.arange(4)]
    return bytes_.view(">u4").reshape(-1)
