"""Which columns of the matrix go into which input of a model."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError

Group = tuple[str, tuple[int, ...]]  #: name of an input, its columns in order
_NUMBER = re.compile(r"_\d+$")  #: of a value in a row of a jagged branch
_MOST_NAMED = 5


def column_groups(
    columns: Sequence[str], inputs: Sequence[tuple[str, Sequence[str]]]
) -> tuple[Group, ...]:
    """Return the columns of each input.

    A pattern means columns, or branches of which all columns are meant.

    Raises:
        InvalidRequestError: a pattern fits nothing, or a column goes nowhere.
    """
    groups = tuple((name, _matching(columns, name, patterns)) for name, patterns in inputs)
    used = {number for _, numbers in groups for number in numbers}
    idle = [column for number, column in enumerate(columns) if number not in used]
    if idle:
        more = f" and {len(idle) - _MOST_NAMED} more" if len(idle) > _MOST_NAMED else ""
        raise InvalidRequestError(
            f"params.json: no pattern of inputs fits {', '.join(idle[:_MOST_NAMED])}{more}",
            hint='add them to an input, or leave them out with "exclude_branches"',
        )
    return groups


def _matching(columns: Sequence[str], name: str, patterns: Sequence[str]) -> tuple[int, ...]:
    found: list[int] = []
    for pattern in patterns:
        fits = [number for number, column in enumerate(columns) if _fits(column, pattern)]
        if not fits:
            raise InvalidRequestError(
                f"params.json: inputs.{name}: {pattern!r} fits no column",
                hint=nearest(pattern, columns),
            )
        found += [number for number in fits if number not in found]
    return tuple(found)


def _fits(column: str, pattern: str) -> bool:
    return fnmatchcase(column, pattern) or fnmatchcase(_NUMBER.sub("", column), pattern)
