"""What params.json says about values: which mean "missing", how far they count, how they scale.

A rule belongs to a pattern of branch names; the first pattern that a name matches wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TypeVar

Scaling = Literal["minmax", "standard", "robust", "quantile", "log", "category"]
Constant = Literal["keep", "drop"]
Range = tuple[float, float]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How values become inputs; the default is the ancestor's (x - low) / (high - low)."""

    missing: tuple[tuple[str, tuple[float, ...]], ...] = ()  #: (pattern, values taken as padding)
    indicator: bool = False  #: a column beside each flat branch tells where it is missing
    clip: tuple[tuple[str, Range | None], ...] = ()  #: (pattern, range); None: its quantiles
    scaling: tuple[tuple[str, Scaling], ...] = ()
    constant: Constant = "keep"

    def missing_of(self, name: str) -> tuple[float, ...]:
        """Return the values of a branch that mean "missing"."""
        return _first(self.missing, name, ())

    def clips(self, name: str) -> bool:
        """Tell whether values of a branch are clipped."""
        return any(fnmatchcase(name, pattern) for pattern, _ in self.clip)

    def clip_of(self, name: str) -> Range | None:
        """Return the range that a clipped branch is given; None: its quantiles."""
        return _first(self.clip, name, None)

    def scaling_of(self, name: str) -> Scaling:
        """Return how a branch is scaled."""
        return _first(self.scaling, name, "minmax")

    @property
    def patterns(self) -> tuple[str, ...]:
        """Return every pattern, so that those that match nothing can be told."""
        return tuple(
            pattern for table in (self.missing, self.clip, self.scaling) for pattern, _ in table
        )


def _first(table: Sequence[tuple[str, T]], name: str, default: T) -> T:
    return next((value for pattern, value in table if fnmatchcase(name, pattern)), default)
