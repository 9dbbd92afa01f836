"""Decoded blocks on the disk, in one file that is written round and round.

Reading rows from it costs a tenth of decoding their baskets again. The file has no name: it goes
away with the process.
"""

import logging
import os
import tempfile
import threading
import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets

log = logging.getLogger(__name__)

LIMIT_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an array begins in the file."""

    at: int
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _SpooledBlock:
    """Where a block lies: bytes [start, stop) of the file."""

    start: int
    stop: int
    flat: dict[str, _Place]
    jagged: dict[str, tuple[_Place, int]]  #: content, and which offsets
    offsets: tuple[_Place, ...]


class BlockSpool:
    """At most `limit_bytes` of blocks; the oldest are overwritten."""

    def __init__(self, folder: str = "", limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder or None
        self._limit_bytes = limit_bytes
        self._file: int | None = None
        self._at = 0
        self._blocks: dict[Hashable, _SpooledBlock] = {}  #: in the order in which they were written
        self._lock = threading.Lock()

    def put(self, key: Hashable, columns: Columns) -> None:
        """Write a block; when the disk is full, all blocks are forgotten and no more are taken."""
        size = columns.size_bytes
        if not 0 < size <= self._limit_bytes:
            return
        with self._lock:
            self._blocks.pop(key, None)
            try:
                self._make_room(size)
                self._blocks[key] = self._written(columns)
            except OSError as error:
                log.warning("blocks are not kept on the disk: %s", error.strerror)
                self._blocks.clear()
                self._limit_bytes = 0

    def has(self, key: Hashable) -> bool:
        """Tell whether a block is here."""
        return key in self._blocks

    def rows(self, key: Hashable, start: int, stop: int) -> Columns | None:
        """Return entries [start, stop) of a block, or None if it is not here."""
        if key not in self._blocks:
            return None
        with self._lock:
            block = self._blocks.get(key)
            if block is None:
                return None
            offsets = [self._read(place, start, stop + 1) for place in block.offsets]
            return Columns(
                entries=stop - start,
                flat={name: self._read(place, start, stop) for name, place in block.flat.items()},
                jagged=self._jagged(block, offsets),
            )

    def _jagged(self, block: _SpooledBlock, offsets: list[Offsets]) -> dict[str, Jagged]:
        moved = [each - each[0] for each in offsets]
        return {
            name: Jagged(
                content=self._read(place, int(offsets[which][0]), int(offsets[which][-1])),
                offsets=moved[which],
            )
            for name, (place, which) in block.jagged.items()
        }

    def _make_room(self, size: int) -> None:
        """Put the cursor where the block fits, and forget what lies there."""
        if self._file is None:
            with tempfile.TemporaryFile(dir=self._folder, prefix="mlaas-blocks-") as file:
                self._file = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._file)
        if self._at + size > self._limit_bytes:
            self._forget(self._at, self._limit_bytes)
            self._at = 0
        self._forget(self._at, self._at + size)

    def _forget(self, start: int, stop: int) -> None:
        """Forget the blocks in these bytes: the cursor goes round, so they are the oldest."""
        while self._blocks:
            key, oldest = next(iter(self._blocks.items()))
            if oldest.start >= stop or oldest.stop <= start:
                return
            del self._blocks[key]

    def _written(self, columns: Columns) -> _SpooledBlock:
        start = self._at
        shared: dict[int, int] = {}
        offsets: list[_Place] = []
        jagged: dict[str, tuple[_Place, int]] = {}
        for name, rows in columns.jagged.items():
            if id(rows.offsets) not in shared:
                shared[id(rows.offsets)] = len(offsets)
                offsets.append(self._write(rows.offsets))
            jagged[name] = self._write(rows.content), shared[id(rows.offsets)]
        flat = {name: self._write(values) for name, values in columns.flat.items()}
        return _SpooledBlock(
            start=start, stop=self._at, flat=flat, jagged=jagged, offsets=tuple(offsets)
        )

    def _write(self, values: Array) -> _Place:
        place = _Place(at=self._at, dtype=values.dtype)
        data = np.ascontiguousarray(values).data.cast("B")
        while data:
            written = os.pwrite(self._file or 0, data, self._at)
            self._at, data = self._at + written, data[written:]
        return place

    def _read(self, place: _Place, start: int, stop: int) -> Array:
        size = place.dtype.itemsize
        data = os.pread(self._file or 0, (stop - start) * size, place.at + start * size)
        return np.frombuffer(data, place.dtype)
