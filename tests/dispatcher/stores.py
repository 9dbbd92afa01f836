"""Stores in memory that count what is asked, or are away."""

from collections import Counter
from collections.abc import Callable, Iterator

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.ports import ObjectInfo


class Counted(MemoryStore):
    """A store that counts how many objects it is asked for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.asked: Counter[str] = Counter()

    def get(self, key: str) -> bytes:
        self.asked["get"] += 1
        return super().get(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for info in super().list(prefix):
            self.asked["listed"] += 1
            yield info


class Away(MemoryStore):
    """A store that does not answer until it is back."""

    is_away = True

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        if self.is_away:
            raise ServiceUnavailableError("the object store does not answer")
        return super().list(prefix)
