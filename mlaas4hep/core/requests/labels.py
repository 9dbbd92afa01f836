"""What the network is to learn: a number for each file, or some computed from branches."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.labelcolumns import LabelColumns
from mlaas4hep.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Either `values` (one a file) or `expression` (over branches) is set, never both.

    A single branch name in labels.txt is an expression of one name. Several label columns are as
    many expressions: the first one is `expression`.
    """

    values: tuple[float, ...] = ()  #: in the order of files; class indices when `classes` is set
    classes: tuple[str, ...] = ()  #: class names, sorted; the index is the label
    expression: str = ""
    others: tuple[str, ...] = ()  #: expressions of the label columns after the first
    beside: tuple[str, ...] = ()  #: expressions that only the loss sees, behind the labels
    columns: LabelColumns = field(default_factory=LabelColumns)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Return the expressions of the label columns; () if each file has its label."""
        return (self.expression, *self.others) if self.expression else ()

    @property
    def positive(self) -> str:
        """Return the class that a single score is for: the one whose label is 1."""
        return self.classes[1] if len(self.classes) == 2 else "1"  # noqa: PLR2004 - two classes

    def number_of(self, name: str, key: str) -> float:
        """Return the label of a class that `key` of params.json names.

        Raises:
            InvalidRequestError: there is no such class.
        """
        if self.classes:
            return float(self.classes.index(_alike(name, self.classes, key)))
        known = sorted({f"{value:g}" for value in self.values})
        number = _number(_alike(name, known, key) if known else name)
        if number is None:
            raise InvalidRequestError(
                f"params.json: {key} is {name!r}, but {self.expression!r} gives numbers",
                hint="name a class by its number, such as 1",
                file="params.json",
            )
        return number

    def scored_for(self, positive: str) -> "Labels":
        """Return labels of which 1 is the class `positive`, and 0 the other one.

        Raises:
            InvalidRequestError: there is no such class, or there are not two.
        """
        if not positive:
            return self
        if self.others:
            raise InvalidRequestError(
                f"params.json: positive is {positive!r}, but there are {len(self.expressions)}"
                " label columns",
                hint="leave positive away: the score of each column is for its 1",
                file="params.json",
            )
        if self.expression:
            return self._expression_for(positive)
        names = [
            self.classes[int(value)] if self.classes else f"{value:g}" for value in self.values
        ]
        known = sorted(set(names))
        wanted = _alike(positive, known, "positive")
        if len(known) != 2:  # noqa: PLR2004 - one score tells two classes apart
            raise InvalidRequestError(
                f"params.json: positive is {positive!r}, but labels.txt has {len(known)} classes",
                hint="one score for one class needs two; leave positive away",
                file="params.json",
            )
        (other,) = set(known) - {wanted}
        return replace(
            self, values=tuple(float(name == wanted) for name in names), classes=(other, wanted)
        )

    def _expression_for(self, positive: str) -> "Labels":
        try:
            value = float(positive)
        except ValueError:
            raise InvalidRequestError(
                f"params.json: positive is {positive!r}, but {self.expression!r} gives numbers",
                hint="the number whose score is wanted, such as 1",
                file="params.json",
            ) from None
        return replace(
            self,
            expression=f"({self.expression}) == {value:g}",
            classes=(f"not {positive}", positive),
        )


def _alike(name: str, known: Sequence[str], key: str) -> str:
    """Return the class that is meant; "1" and "1.0" are the same."""
    for each in known:
        if each == name or _number(each) == _number(name) is not None:
            return each
    raise InvalidRequestError(
        f"params.json: {key} is {name!r}, which is no label of labels.txt",
        hint=nearest(name, known),
        file="params.json",
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
