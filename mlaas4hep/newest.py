"""Values by key of which the ones used last are kept, up to a limit."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


def _one(_value: object) -> int:
    return 1


class Newest(Generic[T]):
    """Any number of threads may use it; the value put last is kept, however much it weighs."""

    def __init__(self, limit: int, weight: Callable[[T], int] = _one) -> None:
        """Keep values that weigh at most `limit` together."""
        self._limit = limit
        self._weight = weight
        self._total = 0
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Return the value, or None."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: T) -> None:
        """Keep a value in place of the one before, and forget what is over the limit."""
        with self._lock:
            if key in self._values:
                self._total -= self._weight(self._values.pop(key))
            self._values[key] = value
            self._total += self._weight(value)
            while self._total > self._limit and len(self._values) > 1:
                self._total -= self._weight(self._values.popitem(last=False)[1])
