"""How fast rounds of a training follow each other.

The first round takes longer than the others: frameworks compile then. So time counts from its end.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When the first round since the training's start ended, and the last one so far."""

    first_done: int = 0  #: rounds that were done then
    first_at: float | None = None  #: seconds since the epoch; None: none has ended
    last_done: int = 0
    last_at: float | None = None

    def after(self, done: int, at: float) -> "Pace":
        """Return the pace when the next round has ended, with which `done` are done.

        A round that had ended already changes nothing.
        """
        if done <= self.last_done:
            return self
        if self.first_at is None:
            return Pace(first_done=done, first_at=at, last_done=done, last_at=at)
        return Pace(first_done=self.first_done, first_at=self.first_at, last_done=done, last_at=at)

    @property
    def per_second(self) -> float | None:
        """Return how many rounds end in a second; None until two have."""
        if self.first_at is None or self.last_at is None or self.last_at <= self.first_at:
            return None
        return (self.last_done - self.first_done) / (self.last_at - self.first_at)

    def left_s(self, rounds: int, now: float) -> float | None:
        """Return how long it takes until all `rounds` are done; part of the next has passed."""
        rate = self.per_second
        if rate is None or self.last_at is None:
            return None
        return max((rounds - self.last_done) / rate - (now - self.last_at), 0.0)
