"""One thing that goes wrong."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """It breaks something, and mends what would not mend itself."""

    kind: str
    part: str
    hit: Callable[[], bool]  #: returns when the outage is over; False: there was nothing to hit

    @property
    def name(self) -> str:
        """Return it in two words."""
        return f"{self.kind} {self.part}"
