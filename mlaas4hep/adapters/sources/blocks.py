"""Decoded blocks of which only a part was wanted: the next chunks want the other parts.

The blocks used last stay in memory. What has to leave goes to a spool on the disk, unless its end
has been handed out: with a hundred files, a chunk takes a little of a hundred blocks.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from mlaas4hep.adapters.sources.spool import BlockSpool
from mlaas4hep.core.data.columns import Columns

LIMIT_BYTES = 64 * 1024**2


class KeptBlocks:
    """Blocks by key; each is made once, by the first thread that asks, while it is kept."""

    def __init__(self, spool: BlockSpool, limit_bytes: int = LIMIT_BYTES) -> None:
        self._spool = spool
        self._limit_bytes = limit_bytes
        self._blocks: OrderedDict[Hashable, Future[Columns]] = OrderedDict()
        self._ended: set[Hashable] = set()  #: the last entry has been handed out
        self._lock = threading.Lock()

    def rows(self, key: Hashable, make: Callable[[], Columns], start: int, stop: int) -> Columns:
        """Return entries [start, stop) of the block of `key`, counted from its first."""
        spooled = self._spool.rows(key, start, stop)
        if spooled is not None:
            return spooled
        block = self._get(key, make)
        if stop == block.entries:
            with self._lock:
                self._ended.add(key)
        return block.rows(start, stop)

    def _get(self, key: Hashable, make: Callable[[], Columns]) -> Columns:
        with self._lock:
            known = self._blocks.get(key)
            block = known or self._blocks.setdefault(key, Future())
            self._blocks.move_to_end(key)
        if known:
            return known.result()
        try:
            block.set_result(make())
        except BaseException as error:
            with self._lock:
                del self._blocks[key]
            block.set_exception(error)
            raise
        for old, columns in self._leaving():
            self._spool.put(old, columns)
        return block.result()

    def _leaving(self) -> list[tuple[Hashable, Columns]]:
        """Forget what is over the limit, and return what somebody may still want."""
        with self._lock:
            done = {key: block.result() for key, block in self._blocks.items() if block.done()}
            total = sum(columns.size_bytes for columns in done.values())
            leaving: list[tuple[Hashable, Columns]] = []
            for key, columns in list(done.items())[:-1]:  # never the block used last
                if total <= self._limit_bytes:
                    break
                total -= columns.size_bytes
                del self._blocks[key]
                if key in self._ended:
                    self._ended.discard(key)
                else:
                    leaving.append((key, columns))
            return leaving
