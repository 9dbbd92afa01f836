"""Whose turn it is: many owners' events in one queue, so that no owner waits for all of another's.

Owner by owner in turn, the one with the fewest events running first; within an owner the oldest
first. One person's ten thousand chunks delay another's ten by no more than one chunk each.

An owner's events stand in lines: those that need one thing. A line that may not move now (a file
whose server is away) holds up none of the others.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
_Lines = dict[Hashable, deque[tuple[int, T]]]  #: items with their numbers, the lowest in front


class FairQueue(Generic[T]):
    """What waits, by owner and line; the owners in the order in which they were last served."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Lines[T]] = {}
        self._size = 0
        self._last = 0  #: number of the item behind all others
        self._first = 0  #: number of the item before all others

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        """Yield what waits now; for other threads too."""
        for lines in list(self._waiting.values()):
            for items in list(lines.values()):
                yield from (item for _, item in list(items))

    def add(self, owner: str, item: T, line: Hashable = None) -> None:
        """Put an item behind all of its owner's."""
        self._last += 1
        self._line(owner, line).append((self._last, item))
        self._size += 1

    def put_back(self, owner: str, item: T, line: Hashable = None) -> None:
        """Put an item before all of its owner's."""
        self._first -= 1
        self._line(owner, line).appendleft((self._first, item))
        self._size += 1

    def take(
        self,
        running: Mapping[str, int],
        per_owner: int,
        may: Callable[[Hashable], bool] = lambda _line: True,
    ) -> T | None:
        """Take the next item, or None if nobody's turn it is.

        Args:
            running: items of each owner.
            per_owner: no owner has more of them.
            may: tells whether a line may move.
        """
        counts = {
            owner: running.get(owner, 0)
            for owner, lines in self._waiting.items()
            if any(map(may, lines))
        }
        owner = min(counts, key=counts.__getitem__, default=None)
        if owner is None or counts[owner] >= per_owner:
            return None
        lines = self._waiting.pop(owner)
        line = min(filter(may, lines), key=lambda each: lines[each][0][0])
        _, item = lines[line].popleft()
        if not lines[line]:
            del lines[line]
        if lines:
            self._waiting[owner] = lines  # at the end: the others come first now
        self._size -= 1
        return item

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._size = 0

    def _line(self, owner: str, line: Hashable) -> deque[tuple[int, T]]:
        return self._waiting.setdefault(owner, {}).setdefault(line, deque())
