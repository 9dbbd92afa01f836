"""What gzip packed, inflated by zlib alone: Python's reader takes headers and padding byte by byte.

A name of megabytes in a header, zeros behind the end, and millions of empty members cost that reader
seconds for each of their megabytes.
"""

import io
import zlib
from typing import Any, BinaryIO, cast

_STEP = 64 * 1024
_BUFFER = 128 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_FEW = 10_000  #: members of any size; the others have some bytes each
_LEAST_BYTES = 512


def gunzip(packed: BinaryIO) -> BinaryIO:
    """Return the plain bytes of all members, one after the other.

    Reading raises zlib.error where they are damaged, and EOFError where they are cut.
    """
    return cast(BinaryIO, io.BufferedReader(_Gunzip(packed), _BUFFER))


class _Gunzip(io.RawIOBase):
    def __init__(self, packed: BinaryIO) -> None:
        super().__init__()
        self._packed = packed
        self._rewind()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            position += self._at
        elif whence == io.SEEK_END:
            raise io.UnsupportedOperation("nobody knows where it ends")
        if position < self._at:
            self._rewind()
        while self._at < position and self.read(min(_BUFFER, position - self._at)):
            pass
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while self._inflater is not None or self._begin():
            data = self._inflated(len(buffer))
            if data:
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
        return 0

    def _rewind(self) -> None:
        self._packed.seek(0)
        self._inflater: Any = None  #: of the member that is being read
        self._rest = b""  #: of what was read of the packed bytes
        self._taken_bytes = self._members = self._at = 0

    def _take(self) -> bytes:
        """Return packed bytes; none at their end."""
        data, self._rest = self._rest or self._packed.read(_STEP), b""
        return data

    def _begin(self) -> bool:
        """Begin the next member, behind zeros; return whether there is one."""
        while data := self._take():
            self._rest = data.lstrip(b"\0") if self._members else data
            if self._rest:
                break
        if not self._rest:
            return False
        self._members += 1
        if self._members > _FEW + self._taken_bytes // _LEAST_BYTES:
            raise zlib.error("it has too many parts")
        self._inflater = zlib.decompressobj(_GZIP)
        return True

    def _inflated(self, most: int) -> bytes:
        """Return some plain bytes of this member; none may be there yet, or left."""
        inflater, data = self._inflater, self._take()
        if not data:
            raise EOFError("it is cut short")
        plain: bytes = inflater.decompress(data, most)
        if inflater.eof:
            self._rest, self._inflater = inflater.unused_data, None
        else:
            self._rest = inflater.unconsumed_tail
        self._taken_bytes += len(data) - len(self._rest)
        return plain
