"""`Recent` in this process's memory, bounded in bytes."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar, cast

from cachetools import LRUCache

T = TypeVar("T")

_BYTES = 100 * 1024**2
_PARSED = 10  #: bytes in memory for a byte of text, roughly


class RecentValues:
    """`ports.Recent`; what was not asked for longest goes first."""

    def __init__(self, limit_bytes: int = _BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._lock = Lock()
        self._values: LRUCache[Hashable, tuple[Any, int]] = LRUCache(
            limit_bytes, lambda value: value[1]
        )

    def find(self, source: Hashable) -> Any | None:
        """Return what was kept for `source`, or None."""
        with self._lock:
            found = self._values.get(source)
        return None if found is None else found[0]

    def keep(self, source: Hashable, value: Any, size_bytes: int) -> None:
        """Keep `value`, which takes about `size_bytes`."""
        with self._lock:
            self._values[source] = value, min(size_bytes, self._limit_bytes)

    def parsed(self, text: bytes, parse: Callable[[bytes], T]) -> T:
        """Return `parse(text)`, done once as long as there is room."""
        source = parse, text
        found = self.find(source)
        if found is None:
            found = parse(text)
            self.keep(source, found, _PARSED * len(text))
        return cast("T", found)
