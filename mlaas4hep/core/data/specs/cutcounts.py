"""What each cut leaves of the entries of a file."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CutCount:
    """How many entries pass a cut and all cuts before it."""

    cut: str
    passed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCuts:
    """What each cut leaves of the entries of one file, in the order of preproc.json."""

    file: int  #: index into the request's files
    entries: int  #: that were counted: not all, if a release before this one measured some
    counts: tuple[CutCount, ...]


def joined_cuts(parts: Iterable[FileCuts]) -> tuple[FileCuts, ...]:
    """Return the counts of all parts together, file by file."""
    found: dict[int, list[FileCuts]] = {}
    for part in parts:
        found.setdefault(part.file, []).append(part)
    return tuple(
        FileCuts(
            file=file,
            entries=sum(part.entries for part in found[file]),
            counts=added(count for part in found[file] for count in part.counts),
        )
        for file in sorted(found)
    )


def added(counts: Iterable[CutCount]) -> tuple[CutCount, ...]:
    """Return counts with one for each cut, in the order in which they first came."""
    sums: dict[str, int] = {}
    for count in counts:
        sums[count.cut] = sums.get(count.cut, 0) + count.passed
    return tuple(CutCount(cut=cut, passed=passed) for cut, passed in sums.items())
