"""What expressions give, as plain lists."""

import itertools

from mlaas4hep.core.data.columns import Jagged
from mlaas4hep.core.formulas.expression import Expression


def values(text, columns):
    """Return the value, or the row of values, of each entry."""
    found = Expression.parse(text).evaluate(columns)
    if isinstance(found, Jagged):
        return [found.content[a:b].tolist() for a, b in itertools.pairwise(found.offsets)]
    return found.tolist()
