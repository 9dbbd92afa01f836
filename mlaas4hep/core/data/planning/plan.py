"""Which entries are measured together, and which entries make which chunk: arithmetic only.

The mixing is the ancestor's (`RootDataGenerator.next_mix_files`) with three corrections:
no entry is lost when a later file ends first; a rest of two chunks or more is spread over
several chunks, so that memory stays bounded; and where rounded shares make no sense (most files
have less than half an entry a chunk, or the last one would fill in for all others), every file
is spread evenly over all chunks.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Protocol

_GROUPS = 4  #: at least, so that several processes have something to do
_ROWS = 4  #: blocks of each file that a group spans; at most its first and last are read twice
_GROUP_ENTRIES = 10_000_000  #: at most, a minute's work, so that nobody gives up waiting for it
_RANGES = 10_000  #: about, but for one a file: one event merges the specs of all of them
_PRECISION = 80  #: bits; two different places of files with 2^40 entries still differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The passing entries [start, stop) of one file."""

    file: int
    start: int
    stop: int

    @property
    def entries(self) -> int:
        """Return how many entries there are."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Entries are dealt by chance to chunks of these sizes; this one gets those of `place`."""

    sizes: tuple[int, ...]
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a chunk is made of: all entries of its slices, or those that chance gives it."""

    slices: tuple[Slice, ...]
    mix: Mix | None = None  #: None: all, in order


class Plan(Protocol):
    """How passing entries are dealt to chunks; every entry is in exactly one."""

    @property
    def chunks(self) -> int:
        """Return the number of chunks."""

    @property
    def entries(self) -> int:
        """Return the number of entries in all chunks together."""

    @property
    def totals(self) -> tuple[int, ...]:
        """Return how many entries of each file are used."""

    def size(self, index: int) -> int:
        """Return the number of entries of a chunk."""

    def recipe(self, index: int) -> Recipe:
        """Return what a chunk is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRange:
    """Entries [start, stop) of one file, measured by one event."""

    file: int
    start: int
    stop: int


def plan_ranges(
    entries: Sequence[int], nevts: int, boundaries: Sequence[Sequence[int]], target: int
) -> tuple[EntryRange, ...]:
    """Return the ranges to measure: the first `nevts` entries of each file (all if -1).

    Ranges have about `target` entries and end where reading is cheap, if such a place is near.

    Args:
        entries: of each file.
        nevts: as in params.json.
        boundaries: of each file, entry numbers where reading may start cheaply.
        target: entries a range; more where a sample is so large that ranges would be too many.
    """
    used = [total if nevts < 0 else min(nevts, total) for total in entries]
    target = max(target, sum(used) // _RANGES)
    ranges: list[EntryRange] = []
    for file, end in enumerate(used):
        start = 0
        while start < end:
            stop = _cheap_stop(boundaries[file], start, min(start + target, end), end, target)
            ranges.append(EntryRange(file=file, start=start, stop=stop))
            start = stop
    return tuple(ranges)


def _cheap_stop(boundaries: Sequence[int], start: int, stop: int, end: int, target: int) -> int:
    """Return the last boundary in (start, stop], or the next one if it is not far."""
    if stop == end:
        return end
    at = bisect_right(boundaries, stop)
    if at and boundaries[at - 1] > start:
        return boundaries[at - 1]
    if at < len(boundaries) and boundaries[at] < start + 2 * target:
        return min(boundaries[at], end)
    return stop


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlan:
    """How passing entries are dealt to chunks; every entry is in exactly one.

    Chunks [0, regular) take `take[f]` entries of file f, as long as there are any; what is
    left then is spread over `spread` more chunks.
    """

    totals: tuple[int, ...]  #: entries of each file that are used
    take: tuple[int, ...]  #: entries of each file that a regular chunk takes
    regular: int  #: how many chunks are regular
    spread: int  #: how many chunks share what those leave

    @classmethod
    def of(
        cls,
        passed: Sequence[int],
        nevts: int,
        chunk_size: int,
        weights: Sequence[float] = (),
    ) -> "ChunkPlan":
        """Return the plan for files with `passed` usable entries.

        Args:
            passed: measured entries of each file that pass the cuts.
            nevts: as in params.json.
            chunk_size: as in params.json.
            weights: what `nevts` is shared in proportion to: (estimated) passing entries of the
                whole files. Without it, `passed`.
        """
        totals = used_of_files(passed, nevts, weights or passed)
        used = sum(totals)
        if chunk_size < 0 or used <= chunk_size:
            return cls(totals=totals, take=(0,) * len(totals), regular=0, spread=min(1, used))
        shared = nevts if 0 <= nevts < sum(weights or passed) else used
        shares = [round(total / shared * chunk_size) for total in totals]
        take = _topped_up(shares, totals, chunk_size)
        regular = _regular_chunks(shares, take, totals) if take else 0
        take = take or (0,) * len(totals)
        rest = used - sum(map(min, totals, (regular * n for n in take)))
        spread = max(1, rest // chunk_size) if rest else 0
        return cls(totals=totals, take=take, regular=regular, spread=spread)

    @property
    def chunks(self) -> int:
        """Return the number of chunks."""
        return self.regular + self.spread

    @property
    def entries(self) -> int:
        """Return the number of entries in all chunks together."""
        return sum(self.totals)

    def slices(self, index: int) -> tuple[Slice, ...]:
        """Return what chunk `index` is made of, in the order of files."""
        starts, stops = self._entries_taken(index), self._entries_taken(index + 1)
        return tuple(
            Slice(file=file, start=start, stop=stop)
            for file, (start, stop) in enumerate(zip(starts, stops, strict=True))
            if stop > start
        )

    def recipe(self, index: int) -> Recipe:
        """Return what chunk `index` is made of."""
        return Recipe(slices=self.slices(index))

    def size(self, index: int) -> int:
        """Return the number of entries of chunk `index`."""
        return sum(self._entries_taken(index + 1)) - sum(self._entries_taken(index))

    def _entries_taken(self, chunks: int) -> list[int]:
        """Return the number of entries of each file in the first `chunks` chunks."""
        dealt = min(chunks, self.regular)
        taken = [min(dealt * n, total) for n, total in zip(self.take, self.totals, strict=True)]
        later = chunks - self.regular
        if later <= 0:
            return taken
        rests = [total - done for total, done in zip(self.totals, taken, strict=True)]
        spread = _dealt(rests, sum(rests) * later // self.spread)
        return [done + more for done, more in zip(taken, spread, strict=True)]


def groups(plan: Plan, row: float) -> Iterator[range]:
    """Yield numbers of consecutive chunks that are to be made by one process.

    Chunks take a little of each file, so that neighbours need the same blocks of entries. A group
    is as large as a few blocks of every file, at most a quarter of all chunks and a minute's work.

    Args:
        plan: of the chunks.
        row: entries that pass in one block of every file, on the average.
    """
    rows = min(max(plan.entries // (_GROUPS * row), 1), _ROWS)
    mean = plan.entries / plan.chunks
    entries = min(rows * row, _GROUP_ENTRIES)
    size = min(max(round(entries / mean), 1), max(plan.chunks // _GROUPS, 1))
    for first in range(0, plan.chunks, size):
        yield range(first, min(first + size, plan.chunks))


def _dealt(rests: Sequence[int], count: int) -> list[int]:
    """Return how many of the first `count` entries are of each file, when files are mixed evenly.

    Entry i of a file with n stands at (i + 1/2) / n, and all entries are dealt in that order:
    the apportionment of Sainte-Laguë, which never takes back when `count` grows.
    """
    whole = sum(rests)
    dealt = [(2 * count * rest + whole) // (2 * whole) for rest in rests]
    surplus = sum(dealt) - count
    step = 1 if surplus < 0 else -1
    places = [
        (step * _place(taken if step > 0 else taken - 1, rest), step * file)
        for file, (taken, rest) in enumerate(zip(dealt, rests, strict=True))
        if 0 <= (taken if step > 0 else taken - 1) < rest
    ]
    heapify(places)
    for _ in range(abs(surplus)):
        file = step * heappop(places)[1]
        dealt[file] += step
        following = dealt[file] if step > 0 else dealt[file] - 1
        if 0 <= following < rests[file]:
            heappush(places, (step * _place(following, rests[file]), step * file))
    return dealt


def _place(index: int, rest: int) -> int:
    """Return where entry `index` of `rest` stands, as a whole number that keeps the order."""
    return ((2 * index + 1) << _PRECISION) // rest


def used_of_files(passed: Sequence[int], nevts: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Return how many entries of each file are used: its share of `nevts`, at least one."""
    whole = sum(weights)
    if nevts < 0 or nevts >= whole:
        return tuple(passed)
    return tuple(
        min(count, max(1, round(weight / whole * nevts)))
        for count, weight in zip(passed, weights, strict=True)
    )


def _topped_up(shares: list[int], totals: Sequence[int], chunk_size: int) -> tuple[int, ...] | None:
    """Return the entries a chunk takes of each file, or None where shares make no sense.

    The last file tops up, so that the chunk has `chunk_size` entries.
    """
    last = max(file for file, total in enumerate(totals) if total)
    missing = chunk_size - sum(shares)
    if shares[last]:
        missing_of_last = shares[last] + missing
        if not 0 < missing_of_last <= 2 * shares[last] + 1:
            return None
        return tuple(missing_of_last if file == last else n for file, n in enumerate(shares))
    return tuple(shares) if 2 * sum(shares) >= chunk_size else None


def _regular_chunks(shares: Sequence[int], take: Sequence[int], totals: Sequence[int]) -> int:
    """Return the number of chunks before the first in which some file would end."""
    return min(
        max(0, -(-(total - share) // n))
        for share, n, total in zip(shares, take, totals, strict=True)
        if n and total
    )
