"""Entries in blocks: where blocks end, and reading a range of entries through them."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TypeVar

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.core.data.columns import Columns

BLOCK_BYTES = 4 * 1024**2  #: of values in memory that one block aims at
STRETCH = 16  #: a block may be that many times as large, to end where reading may start cheaply
MIN_STEP, MAX_STEP = 1000, 100_000  #: entries
AHEAD_BYTES = 16 * 1024**2  #: as stored, on their way from a server while a block is decoded

T = TypeVar("T")
Window = tuple[int, int]  #: entries [start, stop)


def block_edges(boundaries: Sequence[int], entries: int, size_bytes: int) -> tuple[int, ...]:
    """Return the edges of the blocks in which a tree is always read.

    Args:
        boundaries: entry numbers where reading may start cheaply.
        entries: of the tree.
        size_bytes: of all values in memory.
    """
    each = max(1, size_bytes // max(1, entries))
    step = min(MAX_STEP, max(MIN_STEP, BLOCK_BYTES // each))
    return tuple(edges(boundaries, entries, step))


def edges(boundaries: Sequence[int], entries: int, step: int) -> Iterator[int]:
    """Yield 0, entries, and where blocks of about `step` entries end, at boundaries if near."""
    edge = 0
    yield edge
    while edge < entries:
        edge = min(_block_end(boundaries, edge, step), entries)
        yield edge


def _block_end(boundaries: Sequence[int], start: int, step: int) -> int:
    """Return the first boundary at or after start + step, if it is not too far.

    Blocks that end between boundaries cost twice: whoever wants the next block decodes again.
    """
    at = bisect_left(boundaries, start + step)
    if at < len(boundaries) and boundaries[at] <= start + STRETCH * step:
        return boundaries[at]
    before = boundaries[at - 1]
    return before if before > start else start + step


def overlapping(edges: Sequence[int], start: int, stop: int) -> Iterator[Window]:
    """Yield the blocks that hold entries of [start, stop)."""
    yield from pairwise(edges[bisect_right(edges, start) - 1 : bisect_left(edges, stop) + 1])


def behind(edges: Sequence[int], stop: int) -> Iterator[Window]:
    """Yield the blocks behind those that hold entries before `stop`."""
    yield from pairwise(edges[bisect_left(edges, stop) :])


def asked_ahead(
    windows: Iterable[Window],
    ask: Callable[[Window], tuple[T, int]],
    early: Iterable[Callable[[], int]] = (),
) -> Iterator[tuple[Window, T]]:
    """Yield each window with what was asked for it, when the next ones have been asked for, too.

    Args:
        windows: consecutive ones.
        ask: sends for the bytes of one, and returns what waits for them and how many they are.
        early: each sends for bytes behind the last window, and returns how many they are.
    """
    waiting: deque[tuple[Window, T, int]] = deque()
    size_bytes = 0
    for window in windows:
        answer, asked_bytes = ask(window)
        waiting.append((window, answer, asked_bytes))
        size_bytes += asked_bytes
        while len(waiting) > 1 and size_bytes - waiting[0][2] > AHEAD_BYTES:
            first, bytes_of_it, first_bytes = waiting.popleft()
            size_bytes -= first_bytes
            yield first, bytes_of_it
    more = iter(early)
    for first, bytes_of_it, first_bytes in waiting:
        size_bytes -= first_bytes
        while size_bytes < AHEAD_BYTES and (send := next(more, None)):
            size_bytes += send()
        yield first, bytes_of_it


def read_through(
    windows: Sequence[Window],
    wanted: Window,
    blocks: Callable[[Sequence[Window]], Iterator[Columns]],
    kept: KeptBlocks,
    key: Hashable,
) -> Iterator[Columns]:
    """Yield the wanted entries block by block.

    A block that is wanted in part is kept for whoever wants the rest.

    Args:
        windows: the blocks that hold wanted entries.
        wanted: entries [start, stop).
        blocks: reads some blocks, one after the other; not called while all are kept.
        kept: where blocks lie of which somebody may want the rest.
        key: tells these blocks from those of other files and branches.
    """
    start, stop = wanted
    inside = {window for window in windows if start <= window[0] and window[1] <= stop}
    missing = [w for w in windows if w in inside or not kept.has((key, w))]
    fresh = _Fresh(missing, blocks)
    for window in windows:
        make = partial(fresh.block, window)
        if window in inside:
            yield make()
        else:
            low, high = max(start, window[0]) - window[0], min(stop, window[1]) - window[0]
            yield kept.rows((key, window), make, low, high)


class _Fresh:
    """Blocks that are read in one go, so that all are on their way early."""

    def __init__(
        self, windows: Sequence[Window], blocks: Callable[[Sequence[Window]], Iterator[Columns]]
    ) -> None:
        self._left = deque(windows)
        self._blocks = blocks
        self._read = blocks(windows) if windows else iter(())

    def block(self, window: Window) -> Columns:
        """Return one of them, windows rising; one that nobody asked for is passed over."""
        while self._left and self._left[0] <= window:
            block = next(self._read)
            if self._left.popleft() == window:
                return block
        return next(self._blocks([window]))  # it was kept, and has left meanwhile
