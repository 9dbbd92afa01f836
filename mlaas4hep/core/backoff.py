"""How long to wait before trying again what others may be too busy for."""

_MOST_DOUBLINGS = 60  #: by then every pause is at its longest


def backoff_s(failures: int, *, first_s: float, longest_s: float) -> float:
    """Return the pause after so many failures before the last one, in seconds: it doubles each time.

    >>> [backoff_s(failures, first_s=0.5, longest_s=3.0) for failures in range(4)]
    [0.5, 1.0, 2.0, 3.0]
    """
    return min(first_s * 2.0 ** min(failures, _MOST_DOUBLINGS), longest_s)
