"""Decoded blocks of which only a part was wanted: the next chunks want the other parts.

The blocks used last stay in memory. What has to leave goes to a spool on the disk, unless its end
has been handed out: with a hundred files, a chunk takes a little of a hundred blocks.
"""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from cachetools import LRUCache

from mlaas4hep.adapters.sources.spool import BlockSpool
from mlaas4hep.core.data.columns import Columns

LIMIT_BYTES = 64 * 1024**2

_Block = tuple[Hashable, Columns]


class KeptBlocks:
    """Blocks by key; each is made once, by the first thread that asks, while it is kept."""

    def __init__(self, spool: BlockSpool, limit_bytes: int = LIMIT_BYTES) -> None:
        self._spool = spool
        self._blocks = _Newest(limit_bytes)
        self._making: dict[Hashable, Future[Columns]] = {}
        self._ended: set[Hashable] = set()  #: the last entry has been handed out
        self._lock = threading.Lock()

    def has(self, key: Hashable) -> bool:
        """Tell whether a block is here, or being made."""
        with self._lock:
            return key in self._blocks or key in self._making or self._spool.has(key)

    def rows(self, key: Hashable, make: Callable[[], Columns], start: int, stop: int) -> Columns:
        """Return entries [start, stop) of the block of `key`, counted from its first."""
        spooled = self._spool.rows(key, start, stop)
        if spooled is not None:
            return spooled
        return self._get(key, make, stop).rows(start, stop)

    def _get(self, key: Hashable, make: Callable[[], Columns], stop: int) -> Columns:
        with self._lock:
            kept = self._blocks.get(key)
            if kept is not None and stop == kept.entries:
                self._ended.add(key)
            if kept is not None:
                return kept
            others = self._making.get(key)
            making = others or self._making.setdefault(key, Future())
        if others:
            return others.result()
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            making.set_exception(error)
            raise
        for old, columns in self._put(key, made, stop):
            self._spool.put(old, columns)
        making.set_result(made)
        return made

    def _put(self, key: Hashable, block: Columns, stop: int) -> list[_Block]:
        """Keep a block, and return the blocks that make room for it and that somebody may still want."""
        with self._lock:
            if stop == block.entries:
                self._ended.add(key)
            del self._making[key]
            left = self._blocks.taken_for(key, block)
            wanted = [(old, columns) for old, columns in left if old not in self._ended]
            self._ended.difference_update(old for old, _ in left)
        return wanted


class _Newest(LRUCache[Hashable, Columns]):
    """The blocks used last; each is weighed once, when it comes."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(limit_bytes, getsizeof=lambda columns: columns.size_bytes)
        self._left: list[_Block] = []

    def taken_for(self, key: Hashable, block: Columns) -> list[_Block]:
        """Put a block in, and return what had to leave: itself, if it is larger than all room."""
        if block.size_bytes > self.maxsize:
            return [(key, block)]
        self[key] = block
        left, self._left = self._left, []
        return left

    def popitem(self) -> _Block:
        """Remove the block that was used longest ago."""
        item = super().popitem()
        self._left.append(item)
        return item
