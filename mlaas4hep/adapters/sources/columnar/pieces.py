"""Text files in pieces of whole entries: where each begins is found once, and travels."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from mlaas4hep.adapters.sources.columnar.leaves import Leaf
from mlaas4hep.adapters.sources.columnar.table import Contents

PIECE_BYTES = 1024**2  #: about


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Piece i holds entries [entries[i], entries[i + 1]) in bytes [starts[i], starts[i + 1])."""

    entries: tuple[int, ...]
    starts: tuple[int, ...]
    lines: tuple[int, ...]  #: the line in which each begins, counted from 1

    @property
    def count(self) -> int:
        """Return how many pieces there are."""
        return len(self.entries) - 1

    @property
    def boundaries(self) -> tuple[int, ...]:
        """Return the first entry of each piece."""
        return self.entries[:-1] or (0,)

    def contents(self, leaves: Sequence[Leaf], content: str, layout: str) -> Contents:
        """Return what a table of these pieces holds.

        Args:
            leaves: its columns, readable or not.
            content: hash of all bytes.
            layout: what another process need not find out again.
        """
        return Contents(
            entries=self.entries[-1],
            branches=tuple(leaf.branch for leaf in leaves if not leaf.unreadable),
            unreadable=tuple((leaf.name, leaf.unreadable) for leaf in leaves if leaf.unreadable),
            boundaries=self.boundaries,
            content=content,
            layout=layout,
        )

    def bytes_of(self, file: BinaryIO, piece: int) -> bytes:
        """Return the bytes of a piece.

        Raises:
            EOFError: the file ends before it does.
        """
        start, stop = self.starts[piece], self.starts[piece + 1]
        file.seek(start)
        data = read_fully(file, stop - start)
        if len(data) < stop - start:
            raise EOFError(f"it ends before byte {stop}")
        return data

    def batches(self, start: int, parse: Callable[[int], Any]) -> Iterator[Any]:
        """Yield Arrow batches of the entries from `start` on; `parse` makes those of a piece."""
        first = bisect_right(self.entries, start) - 1
        skip = start - self.entries[first]
        for piece in range(first, self.count):
            for batch in parse(piece).to_batches():
                if skip < batch.num_rows:
                    yield batch.slice(skip)
                skip = max(0, skip - batch.num_rows)


def read_fully(file: BinaryIO, size: int) -> bytes:
    """Return `size` bytes, or fewer where the file ends."""
    parts = []
    while size and (data := file.read(size)):
        parts.append(data)
        size -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)
