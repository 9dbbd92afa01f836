"""true and false among the numbers of a request, which NumPy takes for 1 and 0.

TFaaS, TensorFlow Serving and Triton refuse them where a model takes numbers.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from mlaas4hep.errors import InvalidRequestError

_OTHERS = frozenset(("bool", "BOOL", "bytes", "BYTES"))  #: types that are no numbers


def check_no_truths(what: str, values: Any, dtype: str, columns: Sequence[str] = ()) -> None:
    """Refuse true and false in nested lists for an input that takes numbers.

    Args:
        what: begins the message, such as "input 'x'".
        values: of the input.
        dtype: of the input.
        columns: names of what a row holds, if they are known.

    Raises:
        InvalidRequestError: names the value and its place.
    """
    if dtype in _OTHERS:
        return
    for place, value in _truths(values, ()):
        told = str(value).lower()
        column = _column(place, columns)
        where = f"{list(place)}, {column!r}," if column else f"{list(place)}"
        raise InvalidRequestError(
            f"{what} takes {dtype}, and {told} at {where} is none",
            branch=column,
            hint="send 1 for true and 0 for false",
        )


def _truths(values: Any, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], bool]]:
    if isinstance(values, bool):
        yield place, values
    elif isinstance(values, list):
        for number, value in enumerate(values):
            if isinstance(value, bool | list):
                yield from _truths(value, (*place, number))


def _column(place: tuple[int, ...], columns: Sequence[str]) -> str:
    """Return the name of the column that a value is of; flat data hold row after row."""
    return columns[place[-1] % len(columns)] if place and columns else ""
