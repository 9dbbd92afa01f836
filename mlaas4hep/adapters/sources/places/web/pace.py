"""How fast each file comes: a server that answers every question just in time holds nobody for hours."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cachetools import LRUCache

from mlaas4hep.adapters.sources.places.web.answer import SLOWEST

BEHIND_S = 300.0  #: that a file may come later than it must, in all
AGAIN_S = 30.0  #: the same for one that was given up and is asked for again
ANSWER_S = 0.1  #: that an answer may take, besides its bytes
_FILES = 4096  #: that are remembered


class TooSlowError(Exception):
    """A file comes so slowly that it is given up."""


@dataclass(slots=True)
class _File:
    """Seconds in which questions for a file were open, less those that its answers may take."""

    behind_s: float = 0.0
    open: int = 0  #: questions on their way
    seen_at: float = 0.0  #: until when time is counted


class Paces:
    """Holds files to `SLOWEST` bytes a second and ten answers a second; any number of threads may ask.

    Time counts while a question is open, once for all that are. Who is ahead saves nothing.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Count in the seconds of `clock`, which only goes forward."""
        self._clock = clock
        self._files: LRUCache[str, _File] = LRUCache(_FILES)
        self._lock = threading.Lock()

    @contextmanager
    def asking(self, url: str) -> Iterator[Callable[[int], None]]:
        """Count the time of a question about a file; gives what is told the bytes of its answer.

        Raises:
            TooSlowError: the file is too far behind, so it is not asked for.
        """
        with self._lock:
            file = self._files.setdefault(url, _File())
            self._count(file)
            if file.behind_s > BEHIND_S:
                file.behind_s = BEHIND_S - AGAIN_S
                raise TooSlowError
            file.open += 1
        try:
            yield lambda size_bytes: self._answered(file, size_bytes)
        finally:
            with self._lock:
                self._count(file)
                file.open -= 1

    def _answered(self, file: _File, size_bytes: int) -> None:
        with self._lock:
            self._count(file)
            file.behind_s = max(0.0, file.behind_s - ANSWER_S - size_bytes / SLOWEST)

    def _count(self, file: _File) -> None:
        now = self._clock()
        if file.open:
            file.behind_s += now - file.seen_at
        file.seen_at = now
