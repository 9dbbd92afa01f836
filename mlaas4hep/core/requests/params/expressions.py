"""Branches and expressions over branches, as params.json names them."""

from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.errors import InvalidRequestError

HINT = "docs/preproc.md says what expressions there are"


def expression_of(key: str, text: str) -> str:
    """Return the branch or the expression that `key` says; "" is none.

    Raises:
        InvalidRequestError: it is neither.
    """
    name = text.strip()
    if name and not name.replace(".", "_").isidentifier():  # a name of a branch is checked later
        try:
            Expression.parse(name)
        except InvalidRequestError as error:
            raise InvalidRequestError(
                f"params.json: {key} {name!r}: {error}", hint=error.problem.hint or HINT
            ) from error
    return name
