"""From labels.txt to labels."""

import math
from collections.abc import Sequence

from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.requests.inputs.filelist import lines
from mlaas4hep.core.requests.labelling import labels_of_expressions, split_expressions
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile
from mlaas4hep.errors import InvalidRequestError


def parse_labels(text: str, files: Sequence[InputFile]) -> Labels:
    """Return the labels of a labels.txt: numbers, class names, or branches or expressions.

    Raises:
        InvalidRequestError: their number is not that of the files, or they are of two kinds.
    """
    said = [line.text for line in lines(text)]
    if not said:
        raise InvalidRequestError(
            "labels.txt is empty", hint="one label for each file, or the name of a branch"
        )
    if len(said) == 1 and _number(said[0]) is None:
        return labels_of_expressions((("", tuple(map(_checked, _columns(said[0])))),))
    places = [file.line for file in files]
    if all(places) and len(said) == len(set(places)) < len(files):  # patterns: one label a line
        of_lines = dict(zip(sorted(set(places)), said, strict=True))
        said = [of_lines[place] for place in places]
    if len(said) != len(files):
        raise InvalidRequestError(
            f"labels.txt has {len(said)} labels, but files.txt has {len(files)} files",
            hint="one label for each file in the same order, or one line with a branch name; several"
            " label columns stand in one line: isB, isC",
        )
    return labels_of_files(said, "labels.txt")


def labels_of_files(said: Sequence[str], where: str) -> Labels:
    """Return the labels of files, of which each has one: a number, or the name of a class.

    Raises:
        InvalidRequestError: some are numbers, and some names; `where` says them.
    """
    values = [number for number in map(_number, said) if number is not None]
    if len(values) == len(said):
        return Labels(values=tuple(values))
    if values:
        raise InvalidRequestError(
            f"{where} has numbers ({len(values)}) and names ({len(said) - len(values)})",
            hint="either all of them are numbers or all are names of classes",
        )
    classes = tuple(sorted(set(said)))
    return Labels(values=tuple(float(classes.index(line)) for line in said), classes=classes)


def _columns(line: str) -> tuple[str, ...]:
    """Return the label columns of a line; numbers with commas between them are none."""
    columns = split_expressions(line)
    return columns if all(_number(each) is None for each in columns) else (line,)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _checked(expression: str) -> str:
    try:
        Expression.parse(expression)
    except InvalidRequestError as error:
        raise InvalidRequestError(
            f"labels.txt: {error}",
            hint="one label for each file, or one line with a branch or an expression; "
            f"{error.problem.hint}",
        ) from error
    return expression
