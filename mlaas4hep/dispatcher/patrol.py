"""A store looked through bit by bit, again and again: what a look costs does not grow with it."""

from collections.abc import Callable, Iterator
from itertools import islice

from mlaas4hep.core.runs import files
from mlaas4hep.ports import ObjectInfo, ObjectStore

AT_ONCE = 1000  #: objects: what an S3 tells at a time
PAUSE_S = 600.0  #: between the beginnings of two rounds


class Patrol:
    """Finds the run records of a bucket, some with each look."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float]) -> None:
        """Begin with the next look; `clock` gives seconds and only goes forward."""
        self._store = store
        self._clock = clock
        self._rest: Iterator[ObjectInfo] | None = None  #: None: between two rounds
        self._next_at = clock()

    def look(self, *, hurries: bool) -> list[ObjectInfo]:
        """Return the records among the next objects; none between two rounds.

        Args:
            hurries: the next round begins at once.

        Raises:
            ServiceUnavailableError: the store is away; the round begins anew.
        """
        if self._rest is None:
            if not hurries and self._clock() < self._next_at:
                return []
            self._rest, self._next_at = self._store.list(""), self._clock() + PAUSE_S
        rest, self._rest = self._rest, None
        looked = list(islice(rest, AT_ONCE))
        if len(looked) == AT_ONCE:
            self._rest = rest
        return [info for info in looked if files.run_of(info.key)]
