"""The specs of one branch: range and width of its values, or its texts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mlaas4hep.core.data.specs.sketch import Sketch, joined
from mlaas4hep.core.data.values.texts import bounded
from mlaas4hep.core.data.values.treatment import Treatment
from mlaas4hep.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchSpec:
    """The range and width of one branch over the entries seen so far."""

    name: str
    jagged: bool
    low: float | None  #: smallest finite value; None while there is none
    high: float | None
    width: int  #: columns the branch fills: its longest row if jagged, else 1
    nan: int = 0  #: values that are not a number; they do not touch low and high
    missing: int = 0  #: of them, those that mean "missing", such as -999
    inf: int = 0  #: values that are infinite; neither do they
    exact: tuple[int, int] | None = None  #: low and high of integers that doubles cannot hold
    sketch: tuple[Sketch, ...] = ()  #: of the values, while the specs of a run are measured
    texts: tuple[str, ...] | None = (
        None  #: categories of a branch of text; low and high number them
    )
    too_many: bool = False  #: there are more texts than are taken for categories
    treatment: Treatment | None = None  #: None: minimum and maximum, as the ancestor does
    clipped: int = 0  #: values that the treatment moves inwards, estimated from the sketch
    #: values far outside and repeated, each with its share, found in the sketch
    odd: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise InvalidRequestError(f"branch {self.name!r}: low and high must be set together")
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise InvalidRequestError(
                f"branch {self.name!r}: low {self.low} is not <= high {self.high}"
            )

    def merge(self, *others: "BranchSpec") -> "BranchSpec":
        """Return the spec of all these sets of entries together; order does not matter."""
        for other in others:
            self._check_kind(other)
        return _together((self, *others)) if others else self

    def _check_kind(self, other: "BranchSpec") -> None:
        if (self.texts is None) != (other.texts is None):
            raise InvalidRequestError(
                f"branch {other.name!r} is text in some files and numbers in others",
                branch=other.name,
                hint=f"put {other.name!r} into exclude_branches",
            )
        if (self.name, self.jagged) != (other.name, other.jagged):
            raise InvalidRequestError(
                f"branch {other.name!r} has one value an entry in some files and rows in others",
                branch=other.name,
                hint=f"put {other.name!r} into exclude_branches",
            )

    @property
    def exact_span(self) -> int:
        """Return high - low of integers, without a rounding."""
        return 0 if self.exact is None else self.exact[1] - self.exact[0]

    @property
    def is_constant(self) -> bool:
        """Tell whether the branch has one value only."""
        return self.low is not None and self.low == self.high and not self.exact_span

    @property
    def is_used(self) -> bool:
        """Tell whether the branch fills columns, if it has values."""
        return self.treatment is None or not self.treatment.dropped


def _together(specs: Sequence[BranchSpec]) -> BranchSpec:
    if specs[0].texts is not None:
        return spec_of_texts(
            specs[0].name,
            *bounded(text for spec in specs for text in spec.texts or ()),
            nan=sum(spec.nan for spec in specs),
            too_many=any(spec.too_many for spec in specs),
        )
    lows = [spec.low for spec in specs if spec.low is not None]
    highs = [spec.high for spec in specs if spec.high is not None]
    return replace(
        specs[0],
        low=min(lows, default=None),
        high=max(highs, default=None),
        width=max(spec.width for spec in specs),
        nan=sum(spec.nan for spec in specs),
        missing=sum(spec.missing for spec in specs),
        inf=sum(spec.inf for spec in specs),
        exact=_exact_together(specs),
        sketch=joined(sketch for spec in specs for sketch in spec.sketch),
    )


def _exact_together(specs: Sequence[BranchSpec]) -> tuple[int, int] | None:
    """Return the exact range of both, if every one that has values is of integers."""
    filled = [spec for spec in specs if spec.low is not None]
    if all(spec.exact is None for spec in filled):
        return None
    ranges = [spec.exact or _whole(spec) for spec in filled]
    known = [found for found in ranges if found is not None]
    if len(known) < len(filled):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def _whole(spec: BranchSpec) -> tuple[int, int] | None:
    """Return the range of a branch whose values are small and may be integers, as integers."""
    low, high = spec.low, spec.high
    if low is None or high is None or not (low.is_integer() and high.is_integer()):
        return None
    return int(low), int(high)


def spec_of_texts(
    name: str, texts: tuple[str, ...], more: bool, nan: int, *, too_many: bool = False
) -> BranchSpec:
    """Return the spec of a branch of text, of which the numbers are those of its categories."""
    known = () if too_many or more else texts
    return BranchSpec(
        name=name,
        jagged=False,
        low=0.0 if known else None,
        high=len(known) - 1.0 if known else None,
        width=1,
        nan=nan,
        texts=known,
        too_many=too_many or more,
    )
