"""The format Arrow IPC (Feather), with pyarrow: record batches are where reading may start.

A stream has no list of its batches: they are counted once, and read from its beginning.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import Any

import pyarrow as pa

from mlaas4hep.adapters.sources.arrowipc.checked import CheckedFile
from mlaas4hep.adapters.sources.arrowipc.messages import Footer
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
        self._place, self._bytes = opening.place, opening.file
        self._is_stream = _is_stream(opening)
        rows = list(self._sizes())
        schema = self._opened(None)[0].schema
        self._columns = {field.name: place for place, field in enumerate(schema)}
        leaves = list(leaves_of(schema))
        self._leaves = {leaf.name: leaf for leaf in leaves if not leaf.unreadable}
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

    def _opened(self, columns: list[int] | None) -> tuple[Any, CheckedFile, Footer]:
        """Return a reader of just some columns, its bytes, and what a file that is no stream lists."""
        file, found = CheckedFile(self._place, self._bytes), Footer()
        if self._is_stream:
            file.follow(0)
        else:
            found = file.footer()
        open_reader = pa.ipc.open_stream if self._is_stream else pa.ipc.open_file
        options = pa.ipc.IpcReadOptions(included_fields=columns)
        return open_reader(pa.PythonFile(file, "r"), options=options), file, found

    def _sizes(self) -> Iterator[int]:
        """Yield how many entries each batch has: nothing of it is read but its head."""
        file = CheckedFile(self._place, self._bytes)
        if not self._is_stream:
            for block in file.footer().batches:
                yield file.look_at((block,))[0].entries
            return
        batch, at = file.follow(0)
        while batch is not None:
            yield batch.entries
            batch, at = file.follow(at)

    def _from(self, first: int, columns: list[int]) -> Iterator[Any]:
        """Yield the batches from a number on."""
        if self._is_stream:
            yield from islice(self._in_turn(columns), first, None)
            return
        reader, file, found = self._opened(columns)
        before = found.dictionaries  # pyarrow reads them with the first batch
        for number in range(first, len(found.batches)):
            file.look_at((*before, found.batches[number]))
            yield reader.get_batch(number)
            before = ()

    def _in_turn(self, columns: list[int]) -> Iterator[Any]:
        """Yield the batches of a stream."""
        (reader, file, _), at = self._opened(columns), 0
        while True:
            _, at = file.follow(at)
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
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
