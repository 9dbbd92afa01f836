"""Bytes of an open file, many spans at once: from a disk, or a server in few round trips."""

import os
import sys
import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Self

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


def requests(groups: Iterable[Group]) -> Iterator[list[Group]]:
    """Yield groups in lists of about `REQUEST_BYTES`."""
    some: list[Group] = []
    size = 0
    for (start, stop), parts in groups:
        some.append(((start, stop), parts))
        size += stop - start
        if size >= REQUEST_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


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
