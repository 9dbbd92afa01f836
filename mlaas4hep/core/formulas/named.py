"""A formula of an entry, or just a branch by its name."""

from collections.abc import Iterable

from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.program import Instruction


def entry_expression(text: str, names: Iterable[str]) -> Expression:
    """Return a formula; a name of a branch needs not be one that formulas can hold."""
    if text in set(names):
        return Expression(text=text, program=(Instruction(kind="name", value=text, column=1),))
    return Expression.parse(text)
