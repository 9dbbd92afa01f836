"""One new branch and one cut of preproc.json, and what they refuse."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.rowwise import all_true, any_true, truth
from mlaas4hep.core.formulas.spellings import answer, unquoted
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError

Chosen = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBranch:
    """A branch that is computed from others."""

    name: str
    expression: Expression
    jagged: bool  #: as declared by `type`

    def added_to(self, columns: Columns) -> Columns:
        """Return the same entries with this branch among them."""
        if self.name in columns.flat or self.name in columns.jagged:
            raise self._shadows()
        values = self.expression.evaluate(columns)
        self._check_kind(is_jagged=isinstance(values, Jagged))
        if isinstance(values, Jagged):
            return replace(columns, jagged={**columns.jagged, self.name: values})
        return replace(columns, flat={**columns.flat, self.name: values})

    def check(self, flat: AbstractSet[str], jagged: AbstractSet[str]) -> None:
        """Refuse to shadow a branch, to use one that is not there, or to be of another type."""
        if self.name in flat or self.name in jagged:
            raise self._shadows()
        check_names(self.expression, flat | jagged, f"new_branch {self.name!r}")
        self._check_kind(is_jagged=self.expression.is_jagged(jagged))

    def _shadows(self) -> InvalidRequestError:
        return InvalidRequestError(
            f"new_branch {self.name!r}: the files have a branch of this name",
            branch=self.name,
            hint="choose another name",
        )

    def _check_kind(self, *, is_jagged: bool) -> None:
        if is_jagged != self.jagged:
            kinds = ("flat", "jagged")
            raise InvalidRequestError(
                f"new_branch {self.name!r} is declared {kinds[self.jagged]}, "
                f"but {self.expression.text!r} is {kinds[is_jagged]}",
                branch=self.name,
                hint=f'write "type": "{kinds[is_jagged]}", or define it otherwise',
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A condition that entries must fulfil; NaN does not."""

    where: str  #: such as "flat_cut 'nLeptons'"
    expression: Expression
    over: Literal["entry", "all", "any"]  #: of the values in a row, for jagged ones

    @property
    def label(self) -> str:
        """Return what the cut flow calls it."""
        over = "" if self.over == "entry" else f" ({self.over})"
        return f"{self.expression.text}{over}"

    def passed(self, columns: Columns) -> Chosen:
        """Tell for each entry whether it passes; an empty row passes "all" and fails "any"."""
        values = self.expression.evaluate(columns)
        self._check_kind(is_jagged=isinstance(values, Jagged))
        if isinstance(values, Jagged):
            return any_true(values) if self.over == "any" else all_true(values)
        return truth(values)

    def check(self, flat: AbstractSet[str], jagged: AbstractSet[str]) -> None:
        """Refuse branches that are not there, and to cut on the wrong kind."""
        check_names(self.expression, flat | jagged, self.where)
        self._check_kind(is_jagged=self.expression.is_jagged(jagged))

    def _check_kind(self, *, is_jagged: bool) -> None:
        if is_jagged == (self.over != "entry"):
            return
        text = self.expression.text
        kind, hint = (
            ("jagged", f'in jagged_cut: "cut": ["{text}", "all"], or "any"')
            if is_jagged
            else ("flat", f'in flat_cut: "cut": "{text}"')
        )
        raise InvalidRequestError(f"{self.where}: {text!r} is {kind}", hint=f"write it {hint}")


def check_names(expression: Expression, known: AbstractSet[str], where: str) -> None:
    """Refuse branches that are not there, and constants that are branches, too."""
    check_constants(expression, known, where)
    for name in sorted(expression.names - known):
        raise InvalidRequestError(
            f"{where}: there is no branch {name!r}",
            branch=name,
            hint=hint_about(name, expression, known),
        )


def hint_about(name: str, expression: Expression, known: AbstractSet[str]) -> str:
    """Return what may be meant by a name in an expression that no branch has."""
    hints = (answer(name) or nearest(name, known), unquoted(name, expression.text))
    return "; ".join(filter(None, hints))


def check_constants(expression: Expression, known: AbstractSet[str], where: str) -> None:
    """Refuse a word that may mean a constant or a branch of that name."""
    for name in sorted(expression.constants & known):
        raise InvalidRequestError(
            f"{where}: {name} is a constant, and there is a branch {name!r}, too",
            branch=name,
            hint=f'get("{name}") is the branch; the constant is written as a number',
        )
