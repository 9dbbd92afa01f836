"""How often the server of an input file is asked again, and how long between two tries."""

from mlaas4hep.core.backoff import backoff_s

DEFAULT_S = 600.0  #: that a file's server may be away
_FIRST_S, _LONGEST_S = 1.0, 60.0


def pause_s(failed: int) -> float:
    """Return how long to wait after so many tries that failed; at least one did."""
    return backoff_s(failed - 1, first_s=_FIRST_S, longest_s=_LONGEST_S)


def most_tries(patience_s: float) -> int:
    """Return how many tries there are if none of them takes time.

    >>> most_tries(10.0)  # now, and after 1, 2 and 4 s more
    4
    """
    tries, waited = 1, pause_s(1)
    while waited <= patience_s:
        tries += 1
        waited += pause_s(tries)
    return tries
