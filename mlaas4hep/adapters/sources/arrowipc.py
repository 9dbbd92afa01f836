"""The format Arrow IPC (Feather), with pyarrow: record batches are where reading may start.

A stream has no list of its batches: they are counted once, and read from its beginning.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import Any

import pyarrow as pa

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.arrow import columns_of
from mlaas4hep.adapters.sources.columnar.cursor import Cursors
from mlaas4hep.adapters.sources.columnar.leaves import leaves_of
from mlaas4hep.adapters.sources.columnar.reader import TableReader
from mlaas4hep.adapters.sources.columnar.table import Contents, Opening
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core.data.columns import Columns

STREAM = b"\xff\xff\xff\xff"  #: every message of a stream begins so


class ArrowTable:
    """One open file."""

    def __init__(self, opening: Opening) -> None:
        self._file = pa.PythonFile(opening.file, "r")
        self._is_stream = _is_stream(opening)
        schema = self._opened().schema
        self._columns = {field.name: place for place, field in enumerate(schema)}
        leaves = list(leaves_of(schema))
        self._leaves = {leaf.name: leaf for leaf in leaves if not leaf.unreadable}
        rows = [batch.num_rows for batch in self._from(0, [0] if self._columns else [])]
        self._cursors = Cursors(self._batches)
        self.contents = Contents(
            entries=sum(rows),
            branches=tuple(leaf.branch for leaf in leaves if not leaf.unreadable),
            unreadable=tuple((leaf.name, leaf.unreadable) for leaf in leaves if leaf.unreadable),
            boundaries=tuple(accumulate(rows[:-1], initial=0)),
            size_bytes={
                leaf.name: sum(rows) * leaf.size_bytes * (3 if leaf.rows else 1)
                for leaf in self._leaves.values()
            },
        )

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window."""
        table = self._cursors.take(tuple(names), window)
        return columns_of(table, [self._leaves[name] for name in names])

    def _opened(self, columns: list[int] | None = None) -> Any:
        """Return a reader that reads just some columns."""
        options = pa.ipc.IpcReadOptions(included_fields=columns)
        if not self._is_stream:
            return pa.ipc.open_file(self._file, options=options)
        self._file.seek(0)
        return pa.ipc.open_stream(self._file, options=options)

    def _from(self, first: int, columns: list[int]) -> Iterator[Any]:
        """Yield the batches from a number on."""
        reader = self._opened(columns)
        if self._is_stream:
            yield from islice(self._in_turn(reader), first, None)
        else:
            yield from map(reader.get_batch, range(first, reader.num_record_batches))

    def _in_turn(self, reader: Any) -> Iterator[Any]:
        """Yield the batches of a stream, of which others may be read in between."""
        at = self._file.tell()
        while True:
            self._file.seek(at)
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            at = self._file.tell()
            yield batch

    def _batches(self, names: tuple[str, ...], start: int) -> Iterator[Any]:
        columns = sorted({self._columns[self._leaves[name].column] for name in names})
        first = bisect_right(self.contents.boundaries, start) - 1
        skip = start - self.contents.boundaries[first]
        for batch in self._from(first, columns):
            batch.validate(full=True)  # lengths inside a damaged file are not to be believed
            if skip < batch.num_rows:
                yield batch.slice(skip)
            skip = max(0, skip - batch.num_rows)


def _is_stream(opening: Opening) -> bool:
    """Tell a stream, which need not say that it ends, from a file."""
    return (opening.file.read(len(STREAM)) or b"") == STREAM


def reader(kept: KeptBlocks) -> TableReader:
    """Return the reader of this format."""
    return TableReader("Arrow", ArrowTable, kept)
