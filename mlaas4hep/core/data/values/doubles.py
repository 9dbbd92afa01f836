"""Numbers as JSON is parsed to, Python's, as an array: in half of NumPy's time."""

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Singles = NDArray[np.float32]

_PIECE = 8192  #: values at a time
_DOUBLE, _SINGLE = "d", "f"  #: as `struct` and NumPy call them


def doubles(values: Iterable[Any], size: int) -> Doubles | None:
    """Return exactly `size` numbers; None if there are fewer or more, or something else is there.

    True and False are numbers, as for NumPy; None is none.
    """
    return _array(values, size, _DOUBLE)


def matrix(rows: Sequence[Any]) -> Doubles | None:
    """Return rows of equally many numbers, shape (rows, numbers); None if they are anything else."""
    return _matrix(rows, _DOUBLE)


def singles(rows: Sequence[Any]) -> Singles | None:
    """Return what `matrix` returns in single precision: to the nearest, where no double is too large."""
    return _matrix(rows, _SINGLE)


def single_row(row: Sequence[Any] | NDArray[Any]) -> Singles:
    """Return what `singles` returns for one row of a few numbers."""
    return np.ndarray((1, len(row)), np.float32, _packer(len(row), _SINGLE).pack(*row))


def _matrix(rows: Sequence[Any], kind: str) -> NDArray[Any] | None:
    if not isinstance(rows[0], list):
        return None
    try:
        widths = set(map(len, rows))
    except TypeError:  # numbers among lists
        return None
    if len(widths) > 1:
        return None
    width = widths.pop()
    found = _array(chain.from_iterable(rows), len(rows) * width, kind)
    return None if found is None else found.reshape(len(rows), width)


def _array(values: Iterable[Any], size: int, kind: str) -> NDArray[Any] | None:
    try:
        if size <= _PIECE:
            return np.frombuffer(_packed(values, size, kind), kind)
        rest = iter(values)
        parts = [_packed(islice(rest, _PIECE), _PIECE, kind) for _ in range(size // _PIECE)]
        parts.append(_packed(rest, size % _PIECE, kind))
    except (struct.error, OverflowError):
        return None
    return np.frombuffer(b"".join(parts), kind)


def _packed(values: Iterable[Any], count: int, kind: str) -> bytes:
    """Return `count` numbers; struct.error if there are fewer or more."""
    return _packer(count, kind).pack(*values)


@lru_cache(256)
def _packer(count: int, kind: str) -> struct.Struct:
    return struct.Struct(f"{count}{kind}")
