"""The elements of a page: bytes put together again, signs and differences undone."""

from collections.abc import Callable

import numpy as np

from mlaas4hep.adapters.sources.root.ntuple.elementtypes import (
    BIT,
    INDEXES,
    QUANTISED,
    STORED,
    TRUNCATED,
)
from mlaas4hep.adapters.sources.root.ntuple.layout import Column
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError
from mlaas4hep.core.data.columns import Array

_SPLIT = frozenset(range(0x11, 0x1C))
_SIGNED = {0x11: np.uint16, 0x13: np.uint32, 0x15: np.uint64}
_INDEX = {0x0E: "uint32", 0x0F: "uint64", 0x1A: "uint32", 0x1B: "uint64"}
_DIFFERENCES = frozenset({0x1A, 0x1B})
_SINGLE_BITS = 32


def page_bytes(column: Column, elements: int) -> int:
    """Return how many bytes a page has in memory."""
    return (elements * column.bits + 7) // 8


def decoded(column: Column, data: memoryview, elements: int) -> Array:
    """Return the elements of an inflated page; indexes as where rows end in their cluster."""
    if len(data) != page_bytes(column, elements):
        raise DamagedStreamError("a page of another size than it says")
    special = _SPECIAL.get(column.type)
    if special:
        return special(column, data, elements)
    name = _INDEX[column.type] if column.type in INDEXES else STORED[column.type]
    if column.bits != 8 * np.dtype(name).itemsize:
        raise DamagedStreamError(f"elements of {column.bits} bits as {name}")
    little = np.dtype(name).newbyteorder("<")
    if column.type not in _SPLIT:
        values = np.frombuffer(data, little)
        return values.astype(np.int64) if column.type in INDEXES else values
    whole = _unsplit(np.frombuffer(data, np.uint8), little.itemsize)
    if column.type in _SIGNED:
        return _with_signs(whole, _SIGNED[column.type]).view(name)
    if column.type in _DIFFERENCES:
        return np.cumsum(whole, dtype=np.int64)
    return whole.view(name)


def _unsplit(data: Array, size: int) -> Array:
    """Return numbers of which first all lowest bytes are stored, then all second ones."""
    planes = data.reshape(size, -1)
    numbers: Array = planes[-1].astype(f"u{size}")
    for plane in planes[-2::-1]:
        np.left_shift(numbers, 8, out=numbers)
        np.bitwise_or(numbers, plane, out=numbers)
    return numbers


def _with_signs(numbers: Array, unsigned: type) -> Array:
    """Return numbers of which the lowest bit is the sign."""
    flipped: Array = np.negative(numbers & unsigned(1))
    np.right_shift(numbers, 1, out=numbers)
    np.bitwise_xor(numbers, flipped, out=numbers)
    return numbers


def _bits(_column: Column, data: memoryview, elements: int) -> Array:
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=elements, bitorder="little")
    return bits.view(np.bool_)


def _unpacked(data: memoryview, bits: int, elements: int) -> Array:
    """Return numbers of `bits` bits each, the lowest first."""
    if not 0 < bits <= _SINGLE_BITS:
        raise DamagedStreamError(f"elements of {bits} bits")
    every = np.unpackbits(np.frombuffer(data, np.uint8), count=elements * bits, bitorder="little")
    padded = np.zeros((elements, _SINGLE_BITS), np.uint8)
    padded[:, :bits] = every.reshape(elements, bits)
    numbers: Array = np.packbits(padded, bitorder="little").view("<u4")
    return numbers


def _truncated(column: Column, data: memoryview, elements: int) -> Array:
    """Return singles of which only the highest bits are stored."""
    numbers = _unpacked(data, column.bits, elements)
    np.left_shift(numbers, _SINGLE_BITS - column.bits, out=numbers)
    singles: Array = numbers.view(np.float32)
    return singles


def _quantised(column: Column, data: memoryview, elements: int) -> Array:
    """Return doubles that are stored as steps of a range; a field of singles rounds them."""
    steps = _unpacked(data, column.bits, elements)
    values: Array = steps * ((column.high - column.low) / (2**column.bits - 1))
    values += column.low
    return values


_SPECIAL: dict[int, Callable[[Column, memoryview, int], Array]] = {
    BIT: _bits,
    TRUNCATED: _truncated,
    QUANTISED: _quantised,
}
