"""Whose turn it is: many owners' events in one queue, so that no owner waits for all of another's.

Owner by owner in turn, the one with the fewest events running first; within an owner the oldest
first. One person's ten thousand chunks delay another's ten by no more than one chunk each.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """What waits, by owner; the owners in the order in which they were last served."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        """Yield what waits now; for other threads too."""
        for items in list(self._waiting.values()):
            yield from list(items)

    def add(self, owner: str, item: T) -> None:
        """Put an item at the end of its owner's line."""
        self._waiting.setdefault(owner, deque()).append(item)
        self._size += 1

    def put_back(self, owner: str, item: T) -> None:
        """Put an item at the head of its owner's line."""
        self._waiting.setdefault(owner, deque()).appendleft(item)
        self._size += 1

    def take(self, running: Mapping[str, int], per_owner: int) -> T | None:
        """Take the next item, or None if all owners who wait have `per_owner` items running."""
        counts = {owner: running.get(owner, 0) for owner in self._waiting}
        owner = min(counts, key=counts.__getitem__, default=None)
        if owner is None or counts[owner] >= per_owner:
            return None
        items = self._waiting.pop(owner)
        item = items.popleft()
        if items:
            self._waiting[owner] = items  # at the end: the others come first now
        self._size -= 1
        return item

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._size = 0
