"""A clock that tells the time that a test says."""


class Clock:
    """Seconds; a test moves `now`."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
