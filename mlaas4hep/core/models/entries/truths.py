"""true and false in raw entries: 1 and 0 of a branch that is a flag, and no number of any other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlaas4hep.core.models.entries.schema import Schema
from mlaas4hep.core.models.entries.values import wrong

Place = tuple[int, str, Any]  #: entry (from 0), branch, value


def of_entries(entries: Sequence[Any]) -> Iterator[Place]:
    """Yield the values of entries that come as one object each."""
    for number, entry in enumerate(entries):
        if isinstance(entry, Mapping):
            yield from ((number, name, value) for name, value in entry.items())


def of_branches(branches: Mapping[str, Any]) -> Iterator[Place]:
    """Yield the values of entries that come as one list for each branch."""
    for name, values in branches.items():
        yield from ((number, name, value) for number, value in enumerate(values))


def check_truths(schema: Schema, places: Iterator[Place]) -> None:
    """Refuse true and false where training saw other numbers than 0 and 1.

    Raises:
        InvalidRequestError: names entry and branch.
    """
    numbers = (schema.flat | schema.jagged) - schema.texts - schema.flags
    for number, name, value in places:
        if name in numbers and _holds_truth(value):
            wanted = "numbers (training saw others than 0 and 1)"
            raise wrong(name, number, value, wanted if isinstance(value, list) else "a number")


def _holds_truth(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, list) and any(map(_holds_truth, value)))
