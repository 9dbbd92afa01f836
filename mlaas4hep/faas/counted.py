"""How much of something each caller has under way; callers with nothing are forgotten."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


@contextmanager
def counted(counts: Counter[K], whose: K, more: int = 1) -> Iterator[None]:
    """Count so much more of `whose` while the context lasts."""
    counts[whose] += more
    try:
        yield
    finally:
        counts[whose] -= more
        if not counts[whose]:
            del counts[whose]
