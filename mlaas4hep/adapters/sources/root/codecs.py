"""ROOT's compression: blocks of at most 16 MB, each with nine bytes before it that say how large.

A size is believed only if it agrees with the size that is expected of all blocks together, before
anything is inflated.
"""

import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import deflate
import numpy as np
import xxhash

BLOCK_HEADER = 9  #: codec, method, compressed and uncompressed size
LARGEST = 1024**3  #: ROOT writes no object that is larger
_HEADER = struct.Struct("<2sxHBHB")  #: codec; both sizes have three bytes
SMALLEST = 64 * 1024  #: bytes in a block, on average; ROOT fills all but the last one
FEW = (
    16  #: blocks that may be smaller: each costs a microsecond, and half a kilobyte while it waits
)
_XZ_MEMORY = 192 * 1024**2  #: that unpacking a block may take; xz's highest level takes 65 MB
_NO_MEMORY = "not enough memory"
_LZ4_CHECKSUM = 8  #: bytes of XXH64 before what lz4 packed, which has no checksum of its own

Check = Callable[[int], None]  #: raises if so many bytes are too many
Block = tuple[bytes, memoryview, int]  #: codec, packed bytes, size of what is in them


class UnknownCompressionError(ValueError):
    """Nothing that can be inflated, or not what was packed."""


def inflated(data: memoryview, size: int, check: Check = lambda _size_bytes: None) -> Any:
    """Return the content of `data`, which has `size` bytes: as it is, or inflated.

    `check` may refuse a size that is believed, before anything is inflated.

    Raises:
        UnknownCompressionError: there are not `size` bytes in it, a checksum is wrong, or the
            codec is not known.
    """
    if len(data) == size:
        return data
    found = _blocks(data, FEW + size // SMALLEST)
    if size > LARGEST or sum([block[2] for block in found]) != size:
        raise UnknownCompressionError(f"{size} bytes are promised, and others are there")
    check(size)
    parts = [_inflated_block(*block) for block in found]
    whole = parts[0] if len(parts) == 1 else b"".join(parts)
    if len(whole) != size:
        raise UnknownCompressionError(f"{len(whole)} bytes where {size} are promised")
    return whole


def _blocks(data: memoryview, most: int) -> list[Block]:
    """Return the blocks in `data`, which may be at most so many."""
    found: list[Block] = []
    at, end = 0, len(data)
    while at < end:
        if len(found) == most:
            raise UnknownCompressionError("its bytes are in too many blocks")
        if end - at < BLOCK_HEADER:
            raise UnknownCompressionError("a compressed block is cut short")
        codec, packed, more, size, larger = _HEADER.unpack_from(data, at)
        at, packed = at + BLOCK_HEADER, packed | more << 16
        if end - at < packed or not packed:
            raise UnknownCompressionError("a compressed block is cut short")
        found.append((codec, data[at : at + packed], size | larger << 16))
        at += packed
    return found


def _inflated_block(codec: bytes, packed: memoryview, size: int) -> Any:
    inflate = _CODECS.get(codec)
    if inflate is None:
        raise UnknownCompressionError(f"compressed by {codec!r}, which is not known")
    return inflate(packed, size)


def _zlib(data: memoryview, size: int) -> Any:
    return deflate.zlib_decompress(data, size)


def _raw(data: memoryview, size: int) -> bytes:
    """Return what ROOT's first codec packed: a stream of zlib's without header and checksum."""
    return _ended(zlib.decompressobj(-zlib.MAX_WBITS), data, size)


def _zstd(data: memoryview, size: int) -> Any:
    return _unpacked(cramjam.zstd.decompress_into, data, size)


def _lz4(data: memoryview, size: int) -> Any:
    packed = data[_LZ4_CHECKSUM:]
    if xxhash.xxh64_digest(packed) != data[:_LZ4_CHECKSUM]:
        raise UnknownCompressionError("the checksum of a compressed block is not that of its bytes")
    return _unpacked(cramjam.lz4.decompress_block_into, packed, size)


def _unpacked(into: Callable[[memoryview, Any], int], data: memoryview, size: int) -> Any:
    """Return what is unpacked into `size` bytes; the functions that make room believe anything."""
    room = np.empty(size, np.uint8)
    try:
        return room.data[: into(data, room)]
    except cramjam.DecompressionError as error:
        if _NO_MEMORY in str(error):  # zstd's own name for it; the bytes may be good
            raise MemoryError(str(error)) from error
        raise


def _xz(data: memoryview, size: int) -> bytes:
    return _ended(lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY), data, size)


def _ended(stream: Any, data: memoryview, size: int) -> bytes:
    found: bytes = stream.decompress(data, size + 1)  # room to see that there is more
    if len(found) != size or not stream.eof:
        raise UnknownCompressionError(f"not the {size} bytes that are promised")
    return found


_CODECS: dict[bytes, Callable[[memoryview, int], Any]] = {
    b"ZL": _zlib,
    b"ZS": _zstd,
    b"L4": _lz4,
    b"XZ": _xz,
    b"CS": _raw,
}
