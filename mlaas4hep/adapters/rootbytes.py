"""Bytes of an open file, many places at once: from a disk, or a server in few round trips."""

import os
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any

Group = tuple[tuple[int, int], list[tuple[int, int]]]  #: one place, and its parts


class FileBytes:
    """Bytes of a local file, read and not mapped: mapped pages would count as our memory."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)
        self.size_bytes = 0  #: read so far

    def ask(self, places: Sequence[tuple[int, int]]) -> Callable[[], list[memoryview]]:
        """Return what reads the bytes at each [start, stop)."""
        return partial(self._read, _neighbours(places))

    def _read(self, groups: Sequence[Group]) -> list[memoryview]:
        found: list[memoryview] = []
        for (start, stop), parts in groups:
            data = os.pread(self._file, stop - start, start)
            self.size_bytes += len(data)
            if len(data) != stop - start:
                raise EOFError(f"the file ends before byte {stop}")
            view = memoryview(data)
            found += [view[low - start : high - start] for low, high in parts]
        return found


class ServerBytes:
    """Bytes of a remote file through uproot's source: vectored reads."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.size_bytes = 0  #: read so far

    def ask(self, places: Sequence[tuple[int, int]]) -> Callable[[], list[memoryview]]:
        """Send the request for the bytes at each [start, stop), and return what waits for them."""
        groups = _neighbours(places)
        chunks = self._source.chunks([place for place, _ in groups], Queue()) if groups else []
        return partial(self._received, chunks, groups)

    def _received(self, chunks: Sequence[Any], groups: Sequence[Group]) -> list[memoryview]:
        found: list[memoryview] = []
        for chunk, ((start, stop), parts) in zip(chunks, groups, strict=True):
            chunk.wait()
            view = memoryview(chunk.raw_data).cast("B")
            self.size_bytes += stop - start
            found += [view[low - start : high - start] for low, high in parts]
        return found


def _neighbours(places: Sequence[tuple[int, int]]) -> list[Group]:
    """Return runs of places that touch, in the order given, as one place each."""
    groups: list[Group] = []
    for start, stop in places:
        if groups and groups[-1][0][1] == start:
            (first, _), parts = groups[-1]
            groups[-1] = (first, stop), [*parts, (start, stop)]
        else:
            groups.append(((start, stop), [(start, stop)]))
    return groups
