"""Whose turn it is: many owners' events in one queue, so that no owner waits for all of another's.

Owner by owner in turn, the one with the fewest events running first; within an owner the oldest
first. One person's ten thousand chunks delay another's ten by no more than one chunk each.

An owner's events stand in lines: those that need one thing. A line that may not move now (a file
whose server is away) holds up none of the others.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
_May = Callable[[Hashable], bool]  #: tells whether a line may move


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    number: int  #: the lowest comes first
    line: Hashable
    item: T


@dataclass(frozen=True, slots=True)
class _OwnersEntries(Generic[T]):
    """What waits of one owner: each entry is set aside at most once, however many there are."""

    in_turn: deque[_Entry[T]] = field(default_factory=deque)
    #: lines that could not move when their turn came
    aside: OrderedDict[Hashable, deque[_Entry[T]]] = field(default_factory=OrderedDict)

    def __bool__(self) -> bool:
        return bool(self.in_turn or self.aside)

    def __iter__(self) -> Iterator[_Entry[T]]:
        for entries in list(self.aside.values()):
            yield from list(entries)
        yield from list(self.in_turn)

    def take(self, may: _May) -> _Entry[T] | None:
        """Take the next one whose line may move; None if there is none."""
        while self.in_turn and not may(self.in_turn[0].line):
            entry = self.in_turn.popleft()
            self.aside.setdefault(entry.line, deque()).append(entry)
        set_aside = self._first_aside(may)
        if set_aside and not (self.in_turn and self.in_turn[0].number < set_aside[0].number):
            entry = set_aside.popleft()
            if not set_aside:
                del self.aside[entry.line]
            return entry
        return self.in_turn.popleft() if self.in_turn else None

    def remove(self, are_meant: Callable[[T], bool]) -> list[T]:
        """Take out what is meant, from all lines."""
        removed = []
        for entries in (self.in_turn, *self.aside.values()):
            removed += [entry.item for entry in entries if are_meant(entry.item)]
            kept = [entry for entry in entries if not are_meant(entry.item)]
            entries.clear()
            entries.extend(kept)
        for line in [line for line, left in self.aside.items() if not left]:
            del self.aside[line]
        return removed

    def _first_aside(self, may: _May) -> deque[_Entry[T]] | None:
        """Return the first line that was set aside, if it may move; if not, another is first next."""
        line = next(iter(self.aside), None)
        if line is None:
            return None
        if may(line):
            return self.aside[line]
        self.aside.move_to_end(line)
        return None


class FairQueue(Generic[T]):
    """What waits, by owner; the owners in the order in which they were last served."""

    def __init__(self) -> None:
        self._waiting: dict[str, _OwnersEntries[T]] = {}
        self._size = 0
        self._last = 0  #: number of the item behind all others
        self._first = 0  #: number of the item before all others

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        """Yield what waits now; for other threads too."""
        for entries in list(self._waiting.values()):
            yield from (entry.item for entry in entries)

    def add(self, owner: str, item: T, line: Hashable = None) -> None:
        """Put an item behind all of its owner's."""
        self._last += 1
        self._of(owner).in_turn.append(_Entry(self._last, line, item))
        self._size += 1

    def put_back(self, owner: str, item: T, line: Hashable = None) -> None:
        """Put an item before all of its owner's."""
        self._first -= 1
        self._of(owner).in_turn.appendleft(_Entry(self._first, line, item))
        self._size += 1

    def take(
        self, running: Mapping[str, int], per_owner: int, may: _May = lambda _line: True
    ) -> T | None:
        """Take the next item, or None if nobody's turn it is.

        Args:
            running: items of each owner.
            per_owner: no owner has more of them.
            may: tells whether a line may move.
        """
        for owner in self._in_turn(running):
            if running.get(owner, 0) >= per_owner:
                return None
            entry = self._waiting[owner].take(may)
            if entry is None:
                continue
            entries = self._waiting.pop(owner)
            if entries:
                self._waiting[owner] = entries  # at the end: the others come first now
            self._size -= 1
            return entry.item
        return None

    def remove(self, owner: str, are_meant: Callable[[T], bool]) -> list[T]:
        """Take out those items of an owner that are meant, whoever's turn it is."""
        entries = self._of(owner)
        removed = entries.remove(are_meant)
        if not entries:
            del self._waiting[owner]
        self._size -= len(removed)
        return removed

    def _in_turn(self, running: Mapping[str, int]) -> Iterator[str]:
        """Yield the owners, those with the fewest items running first.

        Who was not served for longest is looked at first and mostly has nothing running, so that
        no more owners are looked at than items run.
        """
        busy = []
        for owner in self._waiting:
            if running.get(owner, 0):
                busy.append(owner)
            else:
                yield owner
        yield from sorted(busy, key=lambda each: running[each])

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._size = 0

    def _of(self, owner: str) -> _OwnersEntries[T]:
        return self._waiting.setdefault(owner, _OwnersEntries())
