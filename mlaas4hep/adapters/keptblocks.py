"""Decoded blocks of which only a part was wanted: the next chunk wants another part."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from mlaas4hep.core.columns import Columns

LIMIT_BYTES = 64 * 1024**2


class KeptBlocks:
    """The blocks used last, up to a number of bytes; each is made once, by one thread."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._blocks: OrderedDict[Hashable, Future[Columns]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Columns]) -> Columns:
        """Return the block of `key`; the first thread that asks makes it, the others wait."""
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
        self._forget_oldest()
        return block.result()

    def _forget_oldest(self) -> None:
        """Forget what is over the limit, but never the block used last."""
        with self._lock:
            done = [key for key, block in self._blocks.items() if block.done()]
            sizes = {key: _size_bytes(self._blocks[key].result()) for key in done}
            total = sum(sizes.values())
            for key in done[:-1]:
                if total <= self._limit_bytes:
                    return
                total -= sizes[key]
                del self._blocks[key]


def _size_bytes(columns: Columns) -> int:
    offsets = {id(rows.offsets): rows.offsets.nbytes for rows in columns.jagged.values()}
    return (
        sum(values.nbytes for values in columns.flat.values())
        + sum(rows.content.nbytes for rows in columns.jagged.values())
        + sum(offsets.values())
    )
