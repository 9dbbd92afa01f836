"""Bytes of an open file, many spans at once: from a disk, or a server in few round trips."""

import os
import sys
import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any, Self

from mlaas4hep.adapters.sources.places.place import PendingBytes, Span

Group = tuple[Span, list[Span]]  #: one span, and its parts

REQUEST_BYTES = 2 * 1024**2  #: of one vectored read, at least


class FileBytes:
    """Bytes of a local file, read and not mapped: mapped pages would count as our memory."""

    def __init__(self, descriptor: int) -> None:
        """Take an open file, which is closed with this."""
        self.descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        self.size_bytes = 0  #: read so far

    @classmethod
    def at(cls, path: Path) -> Self:
        """Return the bytes of the file at a path; OSError: it cannot be opened."""
        return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC))

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Return what reads the bytes at each [start, stop)."""
        return [partial(self._read, start, stop) for start, stop in spans]

    def _read(self, start: int, stop: int) -> memoryview:
        data = os.pread(self.descriptor, stop - start, start)
        self.size_bytes += len(data)
        if len(data) != stop - start:
            raise EOFError(f"the file ends before byte {stop}")
        return memoryview(data)


class ServerBytes:
    """Bytes of a remote file through uproot's source: vectored reads."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.size_bytes = 0  #: read so far

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Send requests for the bytes at each [start, stop), and return what waits for them.

        All are on their way at once; the first answers can be decoded while the others arrive.
        """
        groups = grouped(spans)
        chunks = [
            chunk
            for some in _requests(span for span, _ in groups)
            for chunk in self._source.chunks(some, Queue())
        ]
        self.size_bytes += sum(stop - start for (start, stop), _ in groups)
        return [
            partial(_received, chunk, low - start, high - start)
            for chunk, ((start, _), parts) in zip(chunks, groups, strict=True)
            for low, high in parts
        ]


def _requests(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Yield spans in lists of about `REQUEST_BYTES`."""
    some: list[Span] = []
    size = 0
    for start, stop in spans:
        some.append((start, stop))
        size += stop - start
        if size >= REQUEST_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _received(chunk: Any, start: int, stop: int) -> memoryview:
    chunk.wait()
    return memoryview(chunk.raw_data).cast("B")[start:stop]


def grouped(
    spans: Sequence[Span], most_bytes: int = sys.maxsize, gap_bytes: int = 0
) -> list[Group]:
    """Return runs of spans that touch, or lie so close, in the order given, as one span each.

    A run grows no more once it has `most_bytes`.
    """
    groups: list[Group] = []
    for start, stop in spans:
        (first, end), parts = groups[-1] if groups else ((0, -1), [])
        if groups and 0 <= start - end <= gap_bytes and start - first < most_bytes:
            groups[-1] = (first, stop), [*parts, (start, stop)]
        else:
            groups.append(((start, stop), [(start, stop)]))
    return groups
