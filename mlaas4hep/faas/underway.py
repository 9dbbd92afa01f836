"""How many requests of one caller are under way in this process."""

from collections import Counter
from contextlib import AbstractContextManager

from mlaas4hep.errors import QuotaError
from mlaas4hep.faas.counted import counted

MOST = 512  #: of one caller: an eighth of the connections of a process


class TooManyError(QuotaError):
    """A caller has too many requests under way; nothing of this one was done."""


class UnderWay:
    """Counts requests from their body's end to their answer's, which may be a stream.

    Who reads slowly, or watches, holds a connection and a file perhaps, and no thread: what limits
    threads does not count it.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._of: Counter[str] = Counter()

    def place(self, caller: str) -> AbstractContextManager[None]:
        """Return the context in which a request is counted.

        Raises:
            TooManyError: the caller has enough.
        """
        if self._of[caller] >= self._most:
            raise TooManyError(
                f"{self._most} requests and streams of yours are under way already",
                hint="close some streams, or ask GET /runs/NAME from time to time",
            )
        return counted(self._of, caller)
