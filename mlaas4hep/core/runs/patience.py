"""How often the server of an input file is asked again, and how long between two tries."""

from dataclasses import dataclass, replace

from mlaas4hep.core.backoff import backoff_s
from mlaas4hep.errors import Problem

DEFAULT_S = 600.0  #: that a file's server may be away
_FIRST_S, _LONGEST_S = 1.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What came of asking for a file so far; the last try has failed."""

    failed: int  #: tries, at least one
    waited_s: float  #: since the first of them
    patience_s: float  #: for which a run waits
    retry_after_s: float = 0.0  #: for which the server wants to be left alone; 0: it said nothing

    @property
    def pause_s(self) -> float:
        """Return how long to wait before the next try."""
        return max(_pause_s(self.failed), self.retry_after_s)

    @property
    def is_enough(self) -> bool:
        """Tell whether there is no patience for another try."""
        return self.waited_s + self.pause_s > self.patience_s

    @property
    def most(self) -> int:
        """Return how many tries there are in the end, if none takes time."""
        most = most_tries(self.patience_s)
        if not self.retry_after_s:
            return most
        left_s = self.patience_s - self.waited_s
        return min(most, self.failed + int(left_s // self.pause_s))

    def final_problem(self, problem: Problem) -> Problem:
        """Return what to tell about a file that was waited for in vain."""
        if self.retry_after_s <= self.patience_s - self.waited_s:
            return problem
        wanted_s = self.waited_s + self.retry_after_s
        hint = (
            f"a run waits {self.patience_s:.0f} s for a file; restart this one later, or write"
            f' "file_patience": {wanted_s:.0f} into params.json'
        )
        return replace(problem, hint=hint)


def _pause_s(failed: int) -> float:
    """Return how long to wait after so many tries that failed; at least one did."""
    return backoff_s(failed - 1, first_s=_FIRST_S, longest_s=_LONGEST_S)


def most_tries(patience_s: float) -> int:
    """Return how many tries there are if none of them takes time.

    >>> most_tries(10.0)  # now, and after 1, 2 and 4 s more
    4
    """
    tries, waited = 1, _pause_s(1)
    while waited <= patience_s:
        tries += 1
        waited += _pause_s(tries)
    return tries
