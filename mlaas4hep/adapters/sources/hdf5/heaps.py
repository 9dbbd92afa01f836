"""The heaps of HDF5 files, in which rows of different lengths lie, looked at before libhdf5 does.

libhdf5 goes round for ever in a heap whose sizes are damaged, and nothing can stop it then.
"""

import io
import struct
from typing import Any

from mlaas4hep.adapters.sources.columnar.file import PlaceFile

MAX_HEAP_BYTES = 256 * 1024**2
_MARK = b"GCOL"
_HEAD = struct.Struct("<4sB3xQ")  #: mark, version, bytes of the whole heap
_OBJECT = struct.Struct("<HHIQ")  #: index, references, reserved, bytes of the value


class HeapCheckedFile(io.RawIOBase):
    """A file object over another one that refuses damaged heaps as they are read."""

    def __init__(self, plain: PlaceFile) -> None:
        super().__init__()
        self._plain = plain

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._plain.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        return self._plain.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, unless the file ends before.

        Raises:
            ValueError: what was read is a heap that makes no sense.
        """
        start = self.tell()
        size = self._plain.readinto(buffer)
        data = memoryview(buffer).cast("B")[:size]
        if data[:4] == _MARK:
            self._check_heap(start, bytes(data[: _HEAD.size]))
        return size

    def _check_heap(self, start: int, head: bytes) -> None:
        """Look at a whole heap: libhdf5 reads a large one in two parts."""
        if len(head) < _HEAD.size:
            raise ValueError("a heap of rows is cut short")
        after = self.tell()
        _, _, size = _HEAD.unpack(head)
        if size > MAX_HEAP_BYTES:
            raise ValueError(f"a heap of rows has {size} bytes")
        self.seek(start)
        heap = self._plain.read(size) or b""
        self.seek(after)
        _check(heap, size)


def _check(heap: bytes, size: int) -> None:
    """Refuse a heap whose objects do not fill it exactly."""
    if len(heap) != size:
        raise ValueError("a heap of rows is cut short")
    at = _HEAD.size
    while at + _OBJECT.size <= size:
        index, _, _, length = _OBJECT.unpack_from(heap, at)
        need = length if index == 0 else _OBJECT.size + -(-length // 8) * 8
        if need < _OBJECT.size or at + need > size or (index == 0 and at + need != size):
            raise ValueError(f"a heap of rows is damaged at its byte {at}")
        at += need
