"""Patterns that name branches, and lists of names that a message can hold."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase

_LISTED = 8  #: names that a message lists before it counts


def matching(patterns: Iterable[str], names: AbstractSet[str]) -> set[str]:
    """Return the names that are given, or that a pattern of `*`, `?` and `[…]` means."""
    found: set[str] = set()
    for pattern in patterns:
        if pattern in names:
            found.add(pattern)
        elif is_glob(pattern):
            found.update(name for name in names if fnmatchcase(name, pattern))
    return found


def is_glob(pattern: str) -> bool:
    """Tell whether a text may mean several names."""
    return any(letter in pattern for letter in "*?[")


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:_LISTED])
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"
