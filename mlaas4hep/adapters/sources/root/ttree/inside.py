"""Where the baskets lie that a tree holds itself, not the file beside it."""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]  #: bytes [start, stop) of the tree


@dataclass(frozen=True, slots=True, kw_only=True)
class InsideBaskets:
    """The baskets that were taken out of the bytes of a tree, in the order in which they lie."""

    places: list[int]  #: in the bytes without them: of the pointer to nothing instead of each
    spans: NDArray[np.int64]  #: shape (baskets, 2), in the bytes with them, behind the class

    def of(self, flag_at: int) -> tuple[Span, ...]:
        """Return those of the branch whose lists of baskets begin, with a flag, at a place.

        Its pointers to baskets are right before that, the last of them to something.
        """
        stop = start = bisect_left(self.places, flag_at)
        while start and self.places[start - 1] == flag_at - 4 * (stop - start + 1):
            start -= 1
        return tuple((begin, end) for begin, end in self.spans[start:stop].tolist())

    def of_each(self, flags: NDArray[np.int64]) -> int:
        """Return how many, 0 or 1, each of these branches has; -1: others, or not all as many."""
        if not self.places:
            return 0
        has_one, has_two = (np.isin(flags - before, self.places) for before in (4, 8))
        return 1 if has_one.all() and not has_two.any() else -1


NOTHING_INSIDE = InsideBaskets(places=[], spans=np.empty((0, 2), np.int64))
