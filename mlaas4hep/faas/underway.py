"""How many requests of one caller are under way in this process."""

from contextlib import AbstractContextManager

from mlaas4hep.core.shares import Shares
from mlaas4hep.errors import QuotaError

MOST = 512  #: of one caller: an eighth of the connections of a process
WHOLE = 2048  #: of all callers: half of the connections, the others bring bodies


class TooManyError(QuotaError):
    """A caller has too many requests under way; nothing of this one was done."""


class UnderWay:
    """Counts requests from their body's end to their answer's, which may be a stream.

    Who reads slowly, or watches, holds a connection and a file perhaps, and no thread: what limits
    threads does not count it.
    """

    def __init__(self, most: int = MOST, whole: int = WHOLE) -> None:
        self._most = most
        self._shares: Shares[str] = Shares(whole)

    def place(self, caller: str) -> AbstractContextManager[None]:
        """Return the context in which a request is counted.

        Raises:
            TooManyError: the caller has enough.
        """
        if not self._shares.fits(caller, 1, self._most):
            raise TooManyError(
                f"{self._shares.of(caller)} requests and streams of yours are under way already",
                hint="close some streams, or ask GET /runs/NAME from time to time",
            )
        return self._shares.taken(caller)
