"""The format Parquet, with pyarrow: row groups are where reading may start cheaply."""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, BinaryIO, cast

import numpy as np
from pyarrow import parquet

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.arrow import columns_of
from mlaas4hep.adapters.sources.columnar.cursor import Cursors
from mlaas4hep.adapters.sources.columnar.encryption import has_encrypted_columns
from mlaas4hep.adapters.sources.columnar.footers import MAX_FOOTER_BYTES, ColumnFigures, Footers
from mlaas4hep.adapters.sources.columnar.inflation import check_entries
from mlaas4hep.adapters.sources.columnar.leaves import Leaf, leaves_of
from mlaas4hep.adapters.sources.columnar.pages import PagedFile, Pages, Stretches
from mlaas4hep.adapters.sources.columnar.pieces import read_fully
from mlaas4hep.adapters.sources.columnar.reader import TableReader
from mlaas4hep.adapters.sources.columnar.table import Contents, Opening
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core import keys
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.tree import BranchInfo
from mlaas4hep.core.data.values.texts import TEXT
from mlaas4hep.errors import InvalidRequestError

BUFFER_BYTES = 4 * 1024**2  #: of each column that are read at once
_TAIL = struct.Struct("<I4s")  #: length of the footer, mark
FOOTERS = Footers()  #: its process starts with the first file
BATCH = 16 * 1024  #: entries that are decoded at once


class ParquetTable:
    """One open file."""

    def __init__(self, opening: Opening) -> None:
        if opening.file.read(4) == b"PARE":
            raise InvalidRequestError(
                f"{shown(opening.place.url)} is encrypted", hint="write it without encryption"
            )
        figures = _figures(opening)
        opening.file.seek(0)
        self._place, self._bytes = opening.place, opening.file
        self._stretches = Stretches(_pages(figures))
        self._file = parquet.ParquetFile(opening.file)
        leaves = list(_stored(self._file))
        self._leaves = {leaf.name: leaf for leaf, _ in leaves if not leaf.unreadable}
        columns = self._file.metadata.schema
        self._paths = {leaf.name: columns.column(at).path for leaf, at in leaves}
        self._cursors = Cursors(self._batches)
        self.contents = _contents(self._file.metadata, leaves, figures)
        _check_lists(opening, self.contents.entries, figures)

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window."""
        table = self._cursors.take(tuple(names), window)
        return columns_of(table, [self._leaves[name] for name in names])

    def _batches(self, names: Sequence[str], start: int) -> Iterator[Any]:
        """Yield batches of entries from `start` on."""
        starts = self.contents.boundaries
        group = bisect_right(starts, start) - 1
        skip = start - starts[group]
        paths = [self._paths[name] for name in names]
        reading = parquet.ParquetFile(
            PagedFile(self._place, self._bytes, self._stretches),
            metadata=self._file.metadata,
            buffer_size=BUFFER_BYTES,
        )
        for batch in reading.iter_batches(
            BATCH, row_groups=range(group, reading.num_row_groups), columns=paths
        ):
            if skip < batch.num_rows:
                yield batch.slice(skip)
            skip = max(0, skip - batch.num_rows)


def _figures(opening: Opening) -> list[ColumnFigures]:
    footer = _footer(opening)
    try:
        return FOOTERS.read(footer)
    except ValueError as error:
        if has_encrypted_columns(footer):
            raise InvalidRequestError(
                f"{shown(opening.place.url)} has encrypted columns",
                hint="write it without encryption, or without those columns",
            ) from error
        raise


def _footer(opening: Opening) -> bytes:
    """Return the end of the file, which describes it; ValueError if it cannot be one."""
    size = opening.place.size_bytes
    opening.file.seek(max(0, size - _TAIL.size))
    tail = read_fully(cast(BinaryIO, opening.file), _TAIL.size)
    if len(tail) < _TAIL.size:
        raise ValueError("it is cut short")
    length, mark = _TAIL.unpack(tail)
    if mark != b"PAR1" or length > min(size, MAX_FOOTER_BYTES):
        raise ValueError("its end is no footer")
    opening.file.seek(size - _TAIL.size - length)
    return read_fully(cast(BinaryIO, opening.file), length) + tail


def _check_lists(opening: Opening, entries: int, figures: Sequence[ColumnFigures]) -> None:
    """Refuse lists in which a few bytes repeat a value more often than can be."""
    for each in figures:
        if each.values > entries:
            check_entries(opening.place, each.values, "values of one branch")


def _pages(figures: Sequence[ColumnFigures]) -> Iterator[Pages]:
    """Yield where the pages of each column and row group lie."""
    for each in figures:
        for start, size, values in zip(each.starts, each.compressed, each.counts, strict=True):
            yield Pages(start=start, size_bytes=size, values=values)


def _starts(metadata: Any) -> tuple[int, ...]:
    """Return the first entry of each row group; ValueError: they have not the entries of the file."""
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    if sum(sizes) != metadata.num_rows:
        raise ValueError("its row groups have other entries than it says")
    return tuple(accumulate(sizes[:-1], initial=0))


def _stored(file: Any) -> Iterator[tuple[Leaf, int]]:
    """Yield the leaves, each with the number of its first column in the file."""
    at = 0
    for leaf in leaves_of(file.schema_arrow):
        yield leaf, at
        at += leaf.stored


def _contents(
    metadata: Any, leaves: Sequence[tuple[Leaf, int]], figures: Sequence[ColumnFigures]
) -> Contents:
    boundaries = _starts(metadata)
    good = [(leaf, figures[at]) for leaf, at in leaves if not leaf.unreadable]
    return Contents(
        entries=metadata.num_rows,
        branches=tuple(_branch(leaf, found) for leaf, found in good),
        unreadable=tuple((leaf.name, leaf.unreadable) for leaf, _ in leaves if leaf.unreadable),
        boundaries=boundaries,
        size_bytes={
            leaf.name: max(found.size_bytes, metadata.num_rows * leaf.size_bytes)
            for leaf, found in good
        },
        content=keys.digest([each.compressed for each in figures]),
    )


def _branch(leaf: Leaf, figures: ColumnFigures) -> BranchInfo:
    """Return what is told about a leaf: whole numbers with gaps are read as doubles."""
    gaps = (
        figures.gaps and not leaf.rows and leaf.dtype != TEXT and np.dtype(leaf.dtype).kind in "biu"
    )
    return replace(leaf.branch, dtype="float64") if gaps else leaf.branch


def reader(kept: KeptBlocks) -> TableReader:
    """Return the reader of this format."""
    return TableReader("Parquet", ParquetTable, kept)
