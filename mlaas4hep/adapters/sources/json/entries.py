"""Where the entries of a JSON file lie: objects, one after the other or in one array."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.sources.columnar.pieces import PIECE_BYTES, Pieces, read_fully
from mlaas4hep.errors import InvalidRequestError

MAX_ENTRY_BYTES = 32 * 1024**2
MAX_DEPTH = 100  #: of brackets inside each other; parsers call themselves for each
_SPACE = np.zeros(256, bool)
_SPACE[list(b" \t\r\n")] = True
_STEPS = np.zeros(256, np.int8)  #: how brackets change the depth
_STEPS[list(b"{[")] = 1
_STEPS[list(b"}]")] = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """The whole objects at the beginning of some bytes."""

    count: int
    stop: int  #: the byte behind the last one
    stray: int  #: the first byte between objects that does not belong there, or -1
    deep: int  #: how many end before the first that is nested deeper than any parser goes, or -1


def whole_objects(data: bytes) -> Objects:
    """Return the objects that `data` begins with; commas and white space may lie between."""
    view = np.frombuffer(data, np.uint8)
    plain = ~_in_text(view, data)
    steps = np.where(plain, _STEPS[view], 0)
    depth = np.cumsum(steps, dtype=np.int32)
    closing = np.flatnonzero((depth == 0) & (steps == -1) & (view == ord("}")))
    stop = int(closing[-1]) + 1 if len(closing) else 0
    outside = (depth[:stop] == 0) & (steps[:stop] == 0) & ~_SPACE[view[:stop]]
    stray = np.flatnonzero(outside & (view[:stop] != ord(",")))
    wrong = np.flatnonzero((depth[:stop] <= 0) & (steps[:stop] == -1) & (view[:stop] == ord("]")))
    first = min([int(places[0]) for places in (stray, wrong) if len(places)], default=-1)
    deep = np.flatnonzero(depth > MAX_DEPTH)
    ended = int(np.searchsorted(closing, deep[0])) if len(deep) else -1
    return Objects(count=len(closing), stop=stop, stray=first, deep=ended)


def _in_text(view: NDArray[np.uint8], data: bytes) -> NDArray[np.bool_]:
    """Tell which bytes lie inside quotes, the closing one not included."""
    quotes = view == ord('"')
    if b"\\" in data:
        quotes &= ~_escaped(view)
    return np.bitwise_and(np.cumsum(quotes, dtype=np.int32), 1).astype(bool)


def _escaped(view: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which bytes stand behind an odd number of backslashes."""
    places = np.arange(len(view), dtype=np.int32)
    other = np.where(view != ord("\\"), places, np.int32(-1))
    last_other = np.concatenate(([np.int32(-1)], np.maximum.accumulate(other)[:-1]))
    odd: NDArray[np.bool_] = (places - 1 - last_other) % 2 == 1
    return odd


def find_entries(file: BinaryIO) -> tuple[Pieces, str]:
    """Return the pieces of a file, and a hash of its bytes.

    Raises:
        InvalidRequestError: it is not made of objects, or one is cut off or too long.
    """
    at, is_array = _beginning(file)
    digest = hashlib.blake2b(digest_size=16)
    entries, starts, lines = [0], [at], [1]
    rest = b""
    file.seek(at)
    while data := read_fully(file, PIECE_BYTES):
        digest.update(data)
        rest += data
        found = whole_objects(rest)
        _check_stray(found, starts[-1], rest, entries[-1])
        if found.deep >= 0:
            raise InvalidRequestError(
                f"entry {entries[-1] + found.deep} is nested more than {MAX_DEPTH} deep",
                hint="write what is inside as branches of their own",
            )
        if found.count:
            entries.append(entries[-1] + found.count)
            lines.append(lines[-1] + rest.count(b"\n", 0, found.stop))
            starts.append(starts[-1] + found.stop)
            rest = rest[found.stop :]
        elif len(rest) > MAX_ENTRY_BYTES:
            raise InvalidRequestError(f"entry {entries[-1]} is longer than {MAX_ENTRY_BYTES} bytes")
    left = rest.strip(b", \t\r\n")
    if left and left[:1] not in b"{]":
        raise InvalidRequestError(
            f"entry {entries[-1]} is no object", hint="every entry is an object: {…}"
        )
    if is_array and left[:1] == b"]" and left != b"]":
        behind = left[1:].strip()[:20].decode("utf-8", "replace")
        raise InvalidRequestError(
            f"{behind!r} stands behind the end of the array, after {entries[-1]} entries",
            hint="one array holds all entries, and nothing follows it",
        )
    if left != (b"]" if is_array else b""):
        raise InvalidRequestError(
            f"it ends in the middle of entry {entries[-1]}", hint="copy or write it again"
        )
    return Pieces(
        entries=tuple(entries), starts=tuple(starts), lines=tuple(lines)
    ), digest.hexdigest()


def _beginning(file: BinaryIO) -> tuple[int, bool]:
    """Return where the first entry begins, and whether entries lie in an array."""
    file.seek(0)
    first = file.read(PIECE_BYTES)
    skipped = len(first) - len(first.removeprefix(b"\xef\xbb\xbf").lstrip())
    if first[skipped : skipped + 1] == b"[":
        return skipped + 1, True
    if first[skipped : skipped + 1] != b"{":
        raise InvalidRequestError(
            "it begins neither with { nor with [",
            hint='one object an entry, as in {"pt": 31.5, "n": 2}, or an array of them',
        )
    return skipped, False


def _check_stray(found: Objects, start: int, data: bytes, entries: int) -> None:
    if found.stray >= 0:
        what = data[found.stray : found.stray + 1].decode("ascii", "replace")
        raise InvalidRequestError(
            f"at byte {start + found.stray}, near entry {entries}, there is {what!r} where an"
            " object should begin",
            hint="every entry is an object: {…}",
        )


def without_commas(data: bytes) -> bytes:
    """Return a piece with line ends in place of the commas between its objects."""
    view = np.frombuffer(data, np.uint8)
    steps = np.where(_in_text(view, data), 0, _STEPS[view])
    between = (np.cumsum(steps, dtype=np.int32) == 0) & (view == ord(","))
    if not between.any():
        return data
    changed = view.copy()
    changed[between] = ord("\n")
    return changed.tobytes()
