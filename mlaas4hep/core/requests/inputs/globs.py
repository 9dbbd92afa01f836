"""Patterns of files.txt, as a shell understands them."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from mlaas4hep.errors import InvalidRequestError

MAX_COMPARED = 500_000  #: names, for one pattern: a quarter of a second
MAX_COMPARED_TOGETHER = 5_000_000  #: names, for all patterns of one list
_ANY_FOLDERS = "**"
_SHOWN = 200  #: characters of a pattern


def matching(paths: Sequence[str], pattern: str) -> list[str]:
    """Return the paths that match a pattern, sorted.

    Raises:
        InvalidRequestError: finding out would take too long.
    """
    if cost(paths, pattern) > MAX_COMPARED:
        shown = pattern[:_SHOWN]
        raise InvalidRequestError(
            f"{shown!r} has too many parts for the {len(paths)} files of the tarball",
            file=shown,
            hint="one ** is enough: data/**/*.root",
        )
    return sorted(path for path in paths if matches(path, pattern))


class Comparisons:
    """The files of a tarball, and how many of their names may still be compared with patterns."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._left = MAX_COMPARED_TOGETHER

    def matching(self, pattern: str) -> list[str]:
        """Return the paths that match one more pattern, sorted.

        Raises:
            InvalidRequestError: finding out would take too long, after those before it.
        """
        compared = cost(self._paths, pattern)
        self._left -= compared
        if self._left < 0 and compared <= MAX_COMPARED:
            shown = pattern[:_SHOWN]
            raise InvalidRequestError(
                f"{shown!r} is one pattern too many for the {len(self._paths)} files of the tarball",
                file=shown,
                hint="write fewer patterns that match more, such as data/**/*.root",
            )
        return matching(self._paths, pattern)


def cost(paths: Sequence[str], pattern: str) -> int:
    """Return how many names `matches` may compare to try a pattern on each of these paths."""
    parts = pattern.split("/")
    places = len(paths)  # without ** a part of the pattern stands for one place in a path
    if _ANY_FOLDERS in parts:
        places += sum(path.count("/") for path in paths)
    return len(parts) * places


def is_pattern(name: str) -> bool:
    """Tell whether a name stands for several; a query of a URL never does."""
    return any(letter in without_query(name) for letter in "*?[")


def without_query(name: str) -> str:
    """Return what may be a pattern of a name: of a URL, what comes before its query."""
    return name.partition("?")[0] if "://" in name else name


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path matches, part by part; `**` is any number of folders, also none.

    Files that begin with a dot are matched only by patterns that do.
    """
    return _match(path.split("/"), pattern.split("/"))


def _match(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    reached = {0}  #: how many parts the patterns so far may have matched
    for pattern in patterns:
        if not reached:
            return False
        if pattern == _ANY_FOLDERS:
            reached = _folders_after(reached, parts)
        else:
            reached = {
                place + 1
                for place in reached
                if place < len(parts) and _is_like(parts[place], pattern)
            }
    return len(parts) in reached


def _folders_after(reached: set[int], parts: Sequence[str]) -> set[int]:
    """Return the places that are reached from the first one over visible folders."""
    found = set(reached)
    for place, part in enumerate(parts):
        if place in found and not part.startswith("."):
            found.add(place + 1)
    return found


def _is_like(part: str, pattern: str) -> bool:
    return fnmatchcase(part, pattern) and (pattern.startswith(".") or not part.startswith("."))
