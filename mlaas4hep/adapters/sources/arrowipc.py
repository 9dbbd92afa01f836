"""The format Arrow IPC (Feather), with pyarrow: record batches are where reading may start."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
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


class ArrowTable:
    """One open file."""

    def __init__(self, opening: Opening) -> None:
        self._file = pa.PythonFile(opening.file, "r")
        whole = pa.ipc.open_file(self._file)
        self._columns = {field.name: place for place, field in enumerate(whole.schema)}
        leaves = list(leaves_of(whole.schema))
        self._leaves = {leaf.name: leaf for leaf in leaves if not leaf.unreadable}
        self._batch_count = whole.num_record_batches
        first = self._only([0])
        rows = [first.get_batch(each).num_rows for each in range(self._batch_count)]
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

    def _only(self, columns: list[int]) -> Any:
        """Return a reader that reads just some columns."""
        options = pa.ipc.IpcReadOptions(included_fields=columns)
        return pa.ipc.open_file(self._file, options=options)

    def _batches(self, names: tuple[str, ...], start: int) -> Iterator[Any]:
        columns = sorted({self._columns[self._leaves[name].column] for name in names})
        reader = self._only(columns)
        first = bisect_right(self.contents.boundaries, start) - 1
        skip = start - self.contents.boundaries[first]
        for number in range(first, self._batch_count):
            batch = reader.get_batch(number)
            batch.validate(full=True)  # lengths inside a damaged file are not to be believed
            if skip < batch.num_rows:
                yield batch.slice(skip)
            skip = max(0, skip - batch.num_rows)


def reader(kept: KeptBlocks) -> TableReader:
    """Return the reader of this format."""
    return TableReader("Arrow", ArrowTable, kept)
