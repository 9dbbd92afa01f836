"""From expressions in labels.txt or params.json to label columns, each with a name of its own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from mlaas4hep.core.requests.labelcolumns import LabelColumns
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.errors import InvalidRequestError

Outputs = Sequence[tuple[str, Sequence[str]]]  #: (output of the model or "", expressions)


def split_expressions(line: str) -> tuple[str, ...]:
    """Return the expressions of a line; commas inside brackets do not end one."""
    found, depth = [""], 0
    for character in line:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return tuple(each.strip() for each in found)


def labels_of_expressions(outputs: Outputs) -> Labels:
    """Return the label columns that are computed from branches.

    Args:
        outputs: what is learned, by output of the model if it has several.

    Raises:
        InvalidRequestError: two columns are the same.
    """
    expressions = tuple(each for _, several in outputs for each in several)
    names = tuple(
        output if output and len(several) == 1 else each
        for output, several in outputs
        for each in several
    )
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise InvalidRequestError(f"two label columns are called {twice!r}")
    named = tuple((output, len(several)) for output, several in outputs if output)
    columns = LabelColumns(names=names if len(names) > 1 else (), outputs=named)
    return Labels(expression=expressions[0], others=expressions[1:], columns=columns)


def with_loss_columns(labels: Labels, expressions: Sequence[str]) -> Labels:
    """Return labels with columns behind them that only the loss sees."""
    beside = tuple(expressions)
    return replace(labels, beside=beside, columns=replace(labels.columns, beside=beside))
