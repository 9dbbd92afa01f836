"""Reading on where the last reading ended: decoding from a cheap start again would cost more."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import pyarrow as pa
from cachetools import LRUCache

from mlaas4hep.adapters.sources.windows import Window

OPEN = 4  #: cursors a table


class Cursors:
    """Sequential readings of a table, one for each set of columns; one thread at a time."""

    def __init__(self, batches: Callable[[tuple[str, ...], int], Iterator[Any]]) -> None:
        """Take what yields Arrow batches of some columns from an entry on."""
        self._batches = batches
        self._open: MutableMapping[tuple[str, ...], tuple[int, _Reading]] = LRUCache(OPEN)

    def take(self, names: tuple[str, ...], window: Window) -> Any:
        """Return the entries of a window as an Arrow table.

        Raises:
            EOFError: the file has fewer entries than it had.
        """
        start, stop = window
        at, reading = self._open.pop(names, (-1, None))
        if reading is None or at != start:
            reading = _Reading(self._batches(names, start))
        table = reading.take(stop - start)
        self._open[names] = stop, reading
        return table


class _Reading:
    def __init__(self, batches: Iterator[Any]) -> None:
        self._batches = batches
        self._rest: Any = None

    def take(self, entries: int) -> Any:
        parts = []
        while entries:
            batch = self._rest if self._rest is not None else next(self._batches, None)
            if batch is None:
                raise EOFError(f"it ends {entries} entries too early")
            parts.append(batch.slice(0, entries))
            self._rest = batch.slice(entries) if batch.num_rows > entries else None
            entries -= parts[-1].num_rows
        return pa.Table.from_batches(parts)
