"""The bytes of an Arrow file on their way to pyarrow: no buffer inflates to more than is reasonable.

A packed buffer says how many bytes it inflates to, and pyarrow believes it: some kilobytes would
take seconds and gigabytes, and cannot be interrupted. So heads of messages are looked at first, and
pyarrow is given the same bytes; then what their buffers say is counted as they are read.
"""

from bisect import bisect_left
from typing import Any, BinaryIO, cast

from mlaas4hep.adapters.sources.arrowipc.messages import (
    MARK,
    Block,
    Footer,
    Message,
    footer,
    head_bytes,
    message,
)
from mlaas4hep.adapters.sources.columnar.file import PlaceFile, PositionedFile
from mlaas4hep.adapters.sources.columnar.inflation import check_unpacked
from mlaas4hep.adapters.sources.columnar.pieces import read_fully
from mlaas4hep.adapters.sources.places.place import Place

_FIRST_BYTES = 8  #: of a message, and of a packed buffer: a size
_TAIL_BYTES = 4 + len(MARK)


class CheckedFile(PositionedFile):
    """A file for one reading from some batch on; one thread at a time."""

    def __init__(self, place: Place, file: PlaceFile) -> None:
        super().__init__(place)
        self._file = file
        self._heads: dict[int, bytes] = {}  #: what was looked at, by where it begins
        self._buffers: list[tuple[int, int, bool]] = []  #: begin, bytes, and whether it is packed
        self._plain_bytes = 0

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, unless the file ends before.

        Raises:
            TooLargeError: what was read inflates to more than is reasonable.
        """
        view = memoryview(buffer).cast("B")
        self._file.seek(self._at)
        count = self._file.readinto(view)
        for start, head in self._heads.items():
            _lay_over(view[:count], self._at, head, start)
        self._file.told(lambda: self._count(view[:count]))
        self._at += count
        return count

    def footer(self) -> Footer:
        """Look at the end of a file that is no stream."""
        size = self._place.size_bytes
        length = int.from_bytes(self._bytes(size - _TAIL_BYTES, 4), "little")
        start = size - _TAIL_BYTES - length
        if start < len(MARK):
            raise ValueError("its footer is longer than the file")
        data = self._bytes(start, length + _TAIL_BYTES)
        self._heads[start] = data
        return footer(data[:length], size)

    def look_at(self, blocks: tuple[Block, ...]) -> list[Message]:
        """Look at messages, so that their bodies can be read next; those of before are forgotten."""
        self._forget()
        return [self._looked(each.start, each) for each in blocks]

    def follow(self, start: int) -> tuple[Message | None, int]:
        """Look at the messages of a stream up to the next batch.

        Returns:
            that batch, None at the end; and where what follows begins.
        """
        self._forget()
        while start + _FIRST_BYTES <= self._place.size_bytes:
            before, size = head_bytes(self._bytes(start, _FIRST_BYTES))
            if size == 0:
                break
            block = Block(start, before + size, 0)
            found = self._looked(start, block)
            start = block.stop + found.body_bytes
            if found.is_batch:
                return found, start
        return None, start

    def _forget(self) -> None:
        self._heads.clear()
        self._buffers.clear()

    def _looked(self, start: int, block: Block) -> Message:
        before, size = head_bytes(self._bytes(start, _FIRST_BYTES))
        if not 0 <= size <= block.head_bytes - before:
            raise ValueError("a message is longer than its place")
        head = self._heads[start] = self._bytes(start, block.head_bytes)
        found = message(head[before : before + size])
        body = start + block.head_bytes
        if body + found.body_bytes > self._place.size_bytes:
            raise ValueError("it is cut short")
        for at, length in found.buffers:
            self._buffers.append((body + at, length, found.is_packed))
        self._buffers.sort()
        return found

    def _count(self, data: memoryview) -> None:
        """Count what the buffers that begin in some bytes of the file inflate to."""
        first = bisect_left(self._buffers, (self._at, 0, False))
        last = bisect_left(self._buffers, (self._at + len(data), 0, False))
        for start, length, is_packed in self._buffers[first:last]:
            said = data[start - self._at :][:_FIRST_BYTES] if is_packed and length else b""
            plain_bytes = int.from_bytes(said, "little", signed=True)
            self._plain_bytes += max(length, plain_bytes)
        check_unpacked(self._place, self._plain_bytes)

    def _bytes(self, start: int, size: int) -> bytes:
        self._file.seek(max(0, start))
        return read_fully(cast(BinaryIO, self._file), size)


def _lay_over(view: memoryview, at: int, known: bytes, start: int) -> None:
    """Put bytes that are known into those that were read, where they are the same ones."""
    first, stop = max(at, start), min(at + len(view), start + len(known))
    if first < stop:
        view[first - at : stop - at] = known[first - start : stop - start]
