"""Which numbers an output of a model can give, and labels that are none of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRange:
    """What an output that learns values gives, whatever is learned."""

    first: int = 0  #: of the label columns that are for it
    labels: int = 1  #: columns
    low: float | None = None  #: None: there is no end
    high: float | None = None
    why: str  #: such as "the last layer has the activation 'relu'"

    def has(self, label: float) -> bool:
        """Tell whether a label lies in it."""
        above = self.low is None or label >= self.low
        return above and (self.high is None or label <= self.high)


def never_given(
    ranges: Iterable[OutputRange], labels: Sequence[Iterable[float]], whose: str = ""
) -> tuple[str, ...]:
    """Return that some labels are never given: a fit may be wanted that ends there.

    Args:
        ranges: of the outputs of a model.
        labels: of each label column, those that there are.
        whose: they are, such as " of the entries looked at".
    """
    found = []
    for each in ranges:
        own = labels[each.first : each.first + each.labels]
        far = next((label for column in own for label in column if not each.has(label)), None)
        if far is not None:
            told = f"{each.why}, which never gives label {far:g}{whose}"
            found.append(f"{told}: a last layer without activation gives any value")
    return tuple(dict.fromkeys(found))
