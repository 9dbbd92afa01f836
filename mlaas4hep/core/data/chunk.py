"""A chunk as bytes: one header and raw arrays, so that writing and reading copy nothing twice.

    preamble | header (JSON) | x | y | draws | weights | parts | row lengths | missing values

The preamble is magic, checksum (xxh3, of everything behind it), content (the digest in the chunk's
key, or zeros) and length of the header. All numbers are little endian, every array begins at a
multiple of 64 bytes. Weights, parts and further label columns are there only if the header says so;
a chunk without them has the bytes that it had before there were any. Missing values are told by position. The mask is kept as the lengths of jagged rows and the few positions that
were not finite; `Chunk.mask` expands it.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.matrix import Mask, Matrix, Positions, count_type, expand_mask
from mlaas4hep.core.data.planning.draws import Draws, drawn
from mlaas4hep.core.data.planning.parts import Parts
from mlaas4hep.core.data.weights import Weights
from mlaas4hep.errors import DamagedError

MAGIC = b"MLCHUNK3"
_ALIGN = 64
_DIGITS = 20  #: room for the number of holes
_START = struct.Struct("<8s16s16sQ")  # magic, checksum, content, length of the header
_CHECKED = slice(24, None)  #: what the checksum is of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The sizes of a chunk, from which the place of every array follows."""

    entries: int
    flat: int  #: columns of flat branches
    widths: tuple[int, ...]  #: columns of each jagged branch
    holes: int = 0  #: values that are not finite
    weighted: bool = False  #: there is a weight for each entry
    parted: bool = False  #: there is a part for each entry: whether it validates, or its fold
    labels: int = 1  #: columns of y: labels, and what only the loss sees

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return self.flat + sum(self.widths)

    @property
    def y(self) -> tuple[int, ...]:
        """Return the shape of `y`."""
        return (self.entries, self.labels) if self.labels > 1 else (self.entries,)

    def header(self, content: str = "") -> bytes:
        """Return preamble and header, padded to where `x` begins; the checksum is not there yet."""
        fields = {
            "entries": self.entries,
            "flat": self.flat,
            "widths": self.widths,
            "holes": self.holes,
        }
        more = {"weighted": self.weighted, "parted": self.parted}
        fields |= {name: True for name, there in more.items() if there}
        fields |= {"labels": self.labels} if self.labels > 1 else {}
        body, without = (json.dumps(each).encode() for each in (fields, fields | {"holes": 0}))
        # `x` begins where it does without holes: these are counted when it is filled already.
        padded = body.ljust(_aligned(_START.size + len(without) + _DIGITS) - _START.size)
        return _START.pack(MAGIC, b"", bytes.fromhex(content), len(padded)) + padded


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkDraft:
    """A chunk being made inside the buffer that will be stored."""

    shape: Shape
    buffer: NDArray[np.uint8]
    x: Matrix  #: to be filled
    y: NDArray[np.float32]  #: to be filled; see `Chunk`
    draws: Draws  #: to be filled
    counts: Array  #: (jagged branches, entries), to be filled
    weights: Weights | None  #: to be filled, if there are any
    parts: Parts | None  #: to be filled, if there are any

    @classmethod
    def of(cls, shape: Shape) -> "ChunkDraft":
        """Return a draft whose arrays are not initialised."""
        start = len(shape.header())
        buffer = np.empty(_end(shape, start), np.uint8)
        for place in _places(shape, start)[1:]:  # gaps must not carry what was in memory before
            buffer[place - _ALIGN : place] = 0
        arrays = _arrays(shape, buffer, start)
        del arrays["holes"]
        return cls(shape=shape, buffer=buffer, **arrays)

    def seal(self, holes: Positions | None = None, content: str = "") -> memoryview:
        """Return the bytes of the finished chunk, of which `holes` were not finite.

        Args:
            holes: positions in `x.reshape(-1)`.
            content: 32 hex digits that say what the chunk is made of, as in its key.
        """
        shape, whole = self.shape, self.buffer
        if holes is not None and len(holes):
            shape = replace(shape, holes=len(holes))
            tail = np.ascontiguousarray(holes, "<i8").view(np.uint8)
            whole = np.concatenate((self.buffer, tail))
        header = shape.header(content)
        whole[: len(header)] = np.frombuffer(header, np.uint8)
        whole[_CHECKED.start - 16 : _CHECKED.start] = np.frombuffer(_checksum(whole), np.uint8)
        return whole.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One training array; `x` and `y` lie in the buffer it was read from."""

    shape: Shape
    x: Matrix  #: (entries, columns); padding and values that are not finite are 0
    y: NDArray[np.float32]  #: (entries,), or (entries, label columns) if there are several
    draws: Draws  #: (entries,): decide who trains and who validates
    counts: Array  #: (jagged branches, entries): lengths of rows
    holes: Positions
    weights: Weights | None = None  #: (entries,), if there are any
    parts: Parts | None = None  #: (entries,), if there are any

    @property
    def mask(self) -> Mask:
        """Return (entries, columns) with 1 where `x` is padding or was not finite."""
        mask = np.empty(self.x.shape, np.uint8)
        expand_mask(self.shape.flat, self.shape.widths, self.counts, self.holes, mask)
        return mask


def encode(
    x: Matrix,
    y: NDArray[np.float32],
    *,
    widths: Sequence[int] = (),
    counts: Array | None = None,
    holes: Positions | None = None,
    draws: Draws | None = None,
    content: str = "",
    weights: Weights | None = None,
    parts: Parts | None = None,
) -> memoryview:
    """Return the bytes of a chunk; `ChunkDraft` does the same without a copy.

    Args:
        x: (entries, columns), finite.
        y: (entries,), or (entries, label columns).
        widths: columns of each jagged branch, the last ones of `x`.
        counts: (jagged branches, entries): lengths of rows.
        holes: positions in `x.reshape(-1)` of values that were not finite.
        draws: of the entries; without it, those of a file without a name.
        content: digest of what the chunk is made of, if it is to be found by that.
        weights: (entries,).
        parts: (entries,).
    """
    draft = ChunkDraft.of(
        Shape(
            entries=len(x),
            flat=x.shape[1] - sum(widths),
            widths=tuple(widths),
            weighted=weights is not None,
            parted=parts is not None,
            labels=y.shape[1] if y.ndim > 1 else 1,
        )
    )
    if draft.weights is not None:
        draft.weights[:] = weights
    if draft.parts is not None and parts is not None:
        draft.parts[:] = parts
    draft.x[:] = x
    draft.y[:] = y
    draft.draws[:] = drawn("", np.arange(len(x))) if draws is None else draws
    draft.counts[:] = 0 if counts is None else counts
    return draft.seal(holes, content)


def decode(buffer: bytes | bytearray | memoryview | Array) -> Chunk:
    """Return the chunk in `buffer` (bytes, or a mapped file) without copying it.

    Bytes are not summed up: `check` does that.

    Raises:
        DamagedError: it is not a chunk, or is cut short.
    """
    data = np.frombuffer(buffer, np.uint8)
    start = _START.size + _preamble(data)[2]
    try:
        fields = json.loads(bytes(data[_START.size : start]))
        fields["widths"] = tuple(fields["widths"])
        shape = Shape(**fields)
        arrays = _arrays(shape, data, start)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"the chunk is damaged: {error}") from error
    return Chunk(shape=shape, **arrays)


def check(buffer: bytes | bytearray | memoryview | Array, content: str) -> None:
    """Refuse a chunk of which a bit is another one, or that is made of something else.

    Raises:
        DamagedError: the message says what is wrong.
    """
    data = np.frombuffer(buffer, np.uint8)
    checksum, made_of, _ = _preamble(data)
    if checksum != _checksum(data):
        raise DamagedError("the chunk is damaged: its bytes do not have the checksum in it")
    if made_of != content:
        raise DamagedError(f"this is another chunk: it is made of {made_of}, not of {content}")


def _checksum(data: NDArray[np.uint8]) -> bytes:
    return xxhash.xxh3_128_digest(data[_CHECKED].data)


def _preamble(data: NDArray[np.uint8]) -> tuple[bytes, str, int]:
    """Return checksum, content, and the length of the header."""
    if len(data) < _START.size:
        raise DamagedError(f"{len(data)} bytes are not a chunk")
    magic, checksum, content, length = _START.unpack(data[: _START.size].tobytes())
    if magic != MAGIC:
        raise DamagedError(f"this is not a chunk: it begins with {magic!r}, not with {MAGIC!r}")
    return checksum, content.hex(), length


def _places(shape: Shape, start: int) -> tuple[int, ...]:
    """Return where x, y, draws, weights, parts, counts and holes begin."""
    n = shape.entries
    lengths = len(shape.widths) * count_type(shape.widths).itemsize
    sizes = (
        4 * n * shape.width,
        4 * n * shape.labels,
        4 * n,
        4 * n * shape.weighted,
        n * shape.parted,
        n * lengths,
    )
    places = [start]
    for size in sizes:
        places.append(_aligned(places[-1] + size))
    return tuple(places)


def _end(shape: Shape, start: int) -> int:
    return _places(shape, start)[-1] + 8 * shape.holes


def _arrays(shape: Shape, data: NDArray[np.uint8], start: int) -> dict[str, Any]:
    x, y, draws, weights, parts, counts, holes = _places(shape, start)
    n, rows = shape.entries, len(shape.widths)
    lengths = np.frombuffer(data, count_type(shape.widths), n * rows, counts)
    return {
        "x": np.frombuffer(data, "<f4", n * shape.width, x).reshape(n, shape.width),
        "y": np.frombuffer(data, "<f4", n * shape.labels, y).reshape(shape.y),
        "draws": np.frombuffer(data, "<u4", n, draws),
        "weights": np.frombuffer(data, "<f4", n, weights) if shape.weighted else None,
        "parts": np.frombuffer(data, np.uint8, n, parts) if shape.parted else None,
        "counts": lengths.reshape(rows, n),
        "holes": np.frombuffer(data, "<i8", shape.holes, holes)
        if shape.holes
        else np.empty(0, np.int64),
    }


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN
