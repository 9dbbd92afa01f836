"""Where the rows of a CSV file begin: line ends count unless they are inside quotes."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.sources.columnar.pieces import PIECE_BYTES, Pieces, read_fully
from mlaas4hep.errors import InvalidRequestError

MAX_LINE_BYTES = 32 * 1024**2
_QUOTE, _NEWLINE, _RETURN = b'"\n\r'


def row_ends(data: bytes, *, quoted: bool = False) -> tuple[NDArray[np.int64], bool]:
    """Return the places behind the line ends that end rows, and whether the last byte is quoted."""
    view = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(view == _NEWLINE)
    if not quoted and b'"' not in data:
        return ends + 1, False
    quotes = np.flatnonzero(view == _QUOTE)
    before = np.searchsorted(quotes, ends) + int(quoted)
    return ends[before % 2 == 0] + 1, (len(quotes) + int(quoted)) % 2 == 1


@dataclass(slots=True)
class _Found:
    """The beginnings of pieces, found so far."""

    entries: list[int] = field(default_factory=lambda: [0])
    starts: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def find_rows(file: BinaryIO, start: int, line: int, size_bytes: int) -> tuple[Pieces, str]:
    """Return the pieces of a file whose rows begin at byte `start`, and a hash of its bytes.

    Raises:
        InvalidRequestError: a line is too long, or a quote is never closed.
    """
    digest = hashlib.blake2b(digest_size=16)
    found = _Found(starts=[start], lines=[line])
    file.seek(start)
    rows = 0
    for at, piece in _whole_rows(file, start, line):
        digest.update(piece)
        rows += _count(piece)
        line += piece.count(b"\n")
        found.entries.append(rows)
        found.starts.append(at + len(piece))
        found.lines.append(line)
    if found.starts[-1] != size_bytes:
        raise EOFError(f"it ends at byte {found.starts[-1]} of {size_bytes}")
    pieces = Pieces(
        entries=tuple(found.entries), starts=tuple(found.starts), lines=tuple(found.lines)
    )
    return pieces, digest.hexdigest()


def _whole_rows(file: BinaryIO, at: int, line: int) -> Iterator[tuple[int, bytes]]:
    """Yield pieces that end where rows do, each with where it begins."""
    rest = b""
    while data := read_fully(file, PIECE_BYTES):
        rest += data
        ends, quoted = row_ends(rest)
        if len(ends):
            yield at, rest[: int(ends[-1])]
            line += rest.count(b"\n", 0, int(ends[-1]))
            at, rest = at + int(ends[-1]), rest[int(ends[-1]) :]
        elif len(rest) > MAX_LINE_BYTES:
            what = "a quote is not closed within" if quoted else "a line is longer than"
            raise InvalidRequestError(f"line {line}: {what} {MAX_LINE_BYTES} bytes")
    if rest:
        if row_ends(rest)[1]:
            raise InvalidRequestError(
                f"line {line} has a quote that is never closed",
                hint='put the whole value into quotes, and write "" for a quote in it',
            )
        yield at, rest


def _count(piece: bytes) -> int:
    """Return the number of rows in a piece; empty lines are none."""
    ends, _ = row_ends(piece)
    if not len(ends) or ends[-1] != len(piece):
        ends = np.append(ends, len(piece))
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    view = np.frombuffer(piece, np.uint8)
    lengths = ends - starts - (view[ends - 1] == _NEWLINE)
    empty = (lengths == 0) | ((lengths == 1) & (view[starts] == _RETURN))
    return int(np.count_nonzero(~empty))
