"""An RNTuple as it is stored: anchor, header, footer, and the page lists of its clusters."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import xxhash

from mlaas4hep.adapters.sources.root.codecs import inflated
from mlaas4hep.adapters.sources.root.directory import Key, Read
from mlaas4hep.adapters.sources.root.ntuple.envelope import (
    FOOTER,
    HEADER,
    PAGE_LIST,
    Frames,
    features,
    opened,
)
from mlaas4hep.adapters.sources.root.ntuple.layout import Column, Field, NtupleLayout
from mlaas4hep.adapters.sources.root.ntuple.schema import Schema
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError, UnknownStreamError

_ANCHOR = struct.Struct(">HHHHQQQQQQQ")
_ANCHOR_START = 6  #: bytes of length and version of the object
_CHECKSUM = struct.Struct(">Q")
_U8 = struct.Struct("<Q")
_I8 = struct.Struct("<q")
_GROUP = struct.Struct("<QQI")
_SUMMARY = struct.Struct("<QQ")
_ENTRY_BITS = 56  #: flags are above them
_PAGE = np.dtype([("elements", "<i4"), ("size", "<i4"), ("start", "<u8")])

Part = tuple[int, int, int]  #: bytes in memory, place in the file, bytes there


@dataclass(slots=True, kw_only=True)
class _Pages:
    """The pages of one column, cluster by cluster."""

    elements: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    clusters: list[int] = field(default_factory=list)
    checked: set[bool] = field(default_factory=set)

    def add(self, count: int, frame: Frames, file_bytes: int) -> None:
        """Add the pages of one cluster, which come next."""
        if frame.stop - frame.at < count * _PAGE.itemsize + _I8.size:
            raise DamagedStreamError("pages that reach past the list of them")
        found = np.frombuffer(frame.data, _PAGE, count, frame.at)
        if (found["size"] < 0).any():
            raise DamagedStreamError("pages of more than 2 GB")
        frame.at += count * _PAGE.itemsize
        (offset,) = frame.take(_I8)
        starts, sizes = found["start"].tolist(), found["size"].tolist()
        if offset < 0 or any(a + b > file_bytes for a, b in zip(starts, sizes, strict=True)):
            raise DamagedStreamError("pages that are left out, or lie outside of the file")
        self.elements += np.abs(found["elements"]).tolist()
        self.starts += starts
        self.sizes += sizes
        self.clusters.append(count)
        self.checked |= set((found["elements"] < 0).tolist())


class StoredNtuple:
    """One RNTuple of a file; its page lists are read when they are asked for."""

    def __init__(self, key: Key, read: Read, file_bytes: int) -> None:
        """Read anchor, header and footer.

        Raises:
            UnknownStreamError: it is of a kind that we do not know.
            DamagedStreamError: it is damaged.
        """
        self._read = read
        self._file_bytes = file_bytes
        header, footer = _anchor(key.content(read))
        self.schema = Schema()
        data = self._envelope(header)
        frames = opened(data, HEADER)
        features(frames)
        for _ in range(3):  # name, description, and who wrote it
            frames.text()
        self.schema.read(frames)
        data = self._envelope(footer)
        frames = opened(data, FOOTER)
        features(frames)
        frames.take(_U8)
        self.schema.read(frames.record())
        self._groups = list(_groups(frames))
        self.entries = sum(span for _, span, _ in self._groups)
        self.checksum = xxhash.xxh3_64_hexdigest(data)

    def layout(self, fields: Iterable[Field]) -> NtupleLayout:
        """Return where some fields lie."""
        fields = tuple(fields)
        wanted = {each.column for each in fields}
        wanted |= {each.index for each in fields if each.index is not None}
        wanted |= {each.inner for each in fields if each.inner is not None}
        firsts: list[int] = []
        pages = {number: _Pages() for number in sorted(wanted)}
        for frames in self._page_lists():
            frames.take(_U8)
            for summary in frames.records():
                firsts.append(_first_entry(summary, firsts, self.entries))
            count, clusters = frames.list()
            for _ in range(count):
                _read_cluster(clusters, pages, self._file_bytes)
        edges = (*firsts, self.entries)
        return NtupleLayout(
            clusters=edges,
            columns=tuple(self._column(number, each, edges) for number, each in pages.items()),
            fields=fields,
        )

    def boundaries(self) -> tuple[int, ...]:
        """Return the first entry of each cluster."""
        firsts: list[int] = []
        for frames in self._page_lists():
            frames.take(_U8)
            for summary in frames.records():
                firsts.append(_first_entry(summary, firsts, self.entries))
        return tuple(firsts)

    def _page_lists(self) -> Iterator[Frames]:
        for *_, part in self._groups:
            yield opened(self._envelope(part), PAGE_LIST)

    def _envelope(self, part: Part) -> bytes:
        size, start, stored = part
        if start + stored > self._file_bytes:
            raise DamagedStreamError("metadata that reach past the end of the file")
        data = self._read(start, start + stored)
        return bytes(inflated(memoryview(data), size))

    def _column(self, number: int, pages: "_Pages", edges: tuple[int, ...]) -> Column:
        stored = self.schema.columns[number]
        if len(pages.checked) > 1 or len(pages.clusters) != len(edges) - 1:
            raise DamagedStreamError(f"pages of column {number} of several kinds")
        return Column(
            number=number,
            type=stored.type,
            bits=stored.bits,
            low=stored.low,
            high=stored.high,
            elements=tuple(pages.elements),
            starts=tuple(pages.starts),
            sizes=tuple(pages.sizes),
            checked=True in pages.checked,
            clusters=tuple(pages.clusters),
            deferred=stored.first > 0,
        )


def _anchor(data: bytes) -> tuple[Part, Part]:
    """Return where header and footer lie."""
    values = _ANCHOR.unpack_from(data, _ANCHOR_START)
    stop = _ANCHOR_START + _ANCHOR.size
    (checksum,) = _CHECKSUM.unpack_from(data, stop)
    if xxhash.xxh3_64_intdigest(data[_ANCHOR_START:stop]) != checksum:
        raise DamagedStreamError("an anchor with a wrong checksum")
    epoch, _, _, _, at, size, whole, footer_at, footer_size, footer_whole, _ = values
    if epoch != 1:
        raise UnknownStreamError(f"RNTuple of epoch {epoch}")
    return (whole, at, size), (footer_whole, footer_at, footer_size)


def _groups(frames: Frames) -> Iterator[tuple[int, int, Part]]:
    """Yield first entry, number of entries, and the page list of each group of clusters."""
    for record in frames.records():
        first, span, _ = record.take(_GROUP)
        (size,) = record.take(_U8)
        start, stored = record.locator()
        yield first, span, (size, start, stored)


def _first_entry(summary: Frames, before: list[int], entries: int) -> int:
    first, count = summary.take(_SUMMARY)
    if count >> _ENTRY_BITS:
        raise UnknownStreamError("clusters that hold only some columns")
    if first + count > entries or (before and first <= before[-1]):
        raise DamagedStreamError("clusters out of order")
    return first


def _read_cluster(clusters: Frames, pages: dict[int, _Pages], file_bytes: int) -> None:
    """Add the pages that one cluster has of some columns."""
    count, columns = clusters.list()
    for number in range(count):
        if number in pages:
            pages[number].add(*columns.list(), file_bytes)
        else:
            columns.list()
    for number, each in pages.items():
        if number >= count:  # a column that was added later
            each.clusters.append(0)
