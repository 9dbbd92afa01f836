"""`Shares`: how much each caller has of something of which a process has only so much."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Shares(Generic[K]):
    """Counts by caller; callers with nothing are forgotten.

    Nobody may have more than is free: one alone has half of the whole at most, two a third each,
    eight a ninth each. So however many take what they can, a newcomer finds as much as each has.
    """

    def __init__(self, whole: int) -> None:
        """Share out `whole`, in whatever unit callers count."""
        self.whole = whole
        self._of: Counter[K] = Counter()
        self._taken = 0

    def of(self, whose: K) -> int:
        """Return how much a caller has."""
        return self._of[whose]

    def fits(self, whose: K, more: int, most: int) -> bool:
        """Tell whether a caller may have so much more.

        Args:
            most: that one may have together; a single piece may be larger, as far as it is free,
                or alone.
        """
        free, mine = self.whole - self._taken, self._of[whose]
        if not mine:
            return more <= free or not self._taken
        return mine + more <= min(most, free)

    @contextmanager
    def taken(self, whose: K, more: int = 1) -> Iterator[None]:
        """Count so much more of `whose` while the context lasts."""
        self.add(whose, more)
        try:
            yield
        finally:
            self.add(whose, -more)

    def add(self, whose: K, more: int) -> None:
        """Count so much more, or less, of `whose`."""
        self._of[whose] += more
        self._taken += more
        if not self._of[whose]:
            del self._of[whose]
