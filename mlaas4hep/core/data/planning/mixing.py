"""Chunks that are small copies of the whole sample, for samples whose entries may be sorted.

Where labels come from branches, the signal may stand before the background in a file. Chunks are
then made in groups: a group takes pieces from all over the sample, reads them once, and deals
their entries to its chunks by chance. It is as large as memory allows, and there are several when
several processes should have something to do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.planning.plan import Mix, Recipe, Slice

GROUP_BYTES = 96 * 1024**2  #: of the chunks that are made together
_PARALLEL_ENTRIES = 200_000  #: from so many on, there are several groups
_GROUPS = 4  #: then, at least
_STRATA = 64  #: pieces of a group, at most
_FEWEST_STRATA = 16  #: where pieces are large enough to be worth reading
_PIECE = 30_000  #: entries of a piece, so that few baskets are read for two groups
_SMALL_PIECE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedPlan:
    """How passing entries are dealt to chunks by chance; every entry is in exactly one."""

    totals: tuple[int, ...]  #: entries of each file that are used
    chunks: int
    groups: int

    @classmethod
    def of(cls, totals: Sequence[int], chunk_size: int, row_bytes: int) -> "MixedPlan":
        """Return the plan for files of which `totals` entries are used, more than a chunk's."""
        used = sum(totals)
        chunks = -(-used // chunk_size)
        least = _GROUPS if used >= _PARALLEL_ENTRIES else 1
        groups = max(-(-used * row_bytes // GROUP_BYTES), least)
        return cls(totals=tuple(totals), chunks=chunks, groups=min(groups, chunks))

    @property
    def entries(self) -> int:
        """Return the number of entries in all chunks together."""
        return sum(self.totals)

    def size(self, index: int) -> int:
        """Return the number of entries of chunk `index`."""
        group = self._group(index)
        return self._sizes(group)[index - self._chunks(group).start]

    def recipe(self, index: int) -> Recipe:
        """Return what chunk `index` is made of."""
        group = self._group(index)
        mix = Mix(sizes=self._sizes(group), place=index - self._chunks(group).start)
        return Recipe(slices=self._slices(group), mix=mix)

    def made_together(self) -> Iterator[range]:
        """Yield the numbers of chunks that one process makes in one go."""
        return (self._chunks(group) for group in range(self.groups))

    def _chunks(self, group: int) -> range:
        return range(self.chunks * group // self.groups, self.chunks * (group + 1) // self.groups)

    def _group(self, index: int) -> int:
        return (self.groups * (index + 1) - 1) // self.chunks

    def _sizes(self, group: int) -> tuple[int, ...]:
        """Return how many entries each chunk of a group has: as many as the others, or one less."""
        entries = sum(part.entries for part in self._slices(group))
        count = len(self._chunks(group))
        return tuple(entries * (i + 1) // count - entries * i // count for i in range(count))

    def _slices(self, group: int) -> tuple[Slice, ...]:
        return _slices_of(self, group)

    def pieces(self, group: int) -> tuple[Slice, ...]:
        """Return the entries of a group: one piece of each stratum of the sample.

        Which piece it is changes from one stratum to the next.
        """
        used, strata = self.entries, self._strata()
        found: list[Slice] = []
        for stratum in range(strata):
            start, stop = used * stratum // strata, used * (stratum + 1) // strata
            part = (group + stratum) % self.groups
            first = start + (stop - start) * part // self.groups
            last = start + (stop - start) * (part + 1) // self.groups
            found += self._of_files(first, last)
        return tuple(_joined(found))

    def _strata(self) -> int:
        if self.groups == 1:
            return 1
        of_group = self.entries // self.groups
        wanted = max(of_group // _PIECE, min(_FEWEST_STRATA, of_group // _SMALL_PIECE), 1)
        return min(wanted, _STRATA)

    def _of_files(self, start: int, stop: int) -> Iterator[Slice]:
        """Yield entries [start, stop) of all files one after the other."""
        ends = accumulate(self.totals)
        for file, (total, end) in enumerate(zip(self.totals, ends, strict=True)):
            begin = end - total
            first, last = max(start, begin), min(stop, end)
            if first < last:
                yield Slice(file=file, start=first - begin, stop=last - begin)


@lru_cache(maxsize=64)
def _slices_of(plan: MixedPlan, group: int) -> tuple[Slice, ...]:
    return plan.pieces(group)


def dealt(mix: Mix) -> NDArray[np.intp]:
    """Return which chunk of its group each entry goes to, in the order in which they are read."""
    order = np.random.default_rng([len(mix.sizes), sum(mix.sizes)])
    return order.permutation(np.repeat(np.arange(len(mix.sizes)), mix.sizes))


def _joined(slices: Sequence[Slice]) -> Iterator[Slice]:
    """Yield slices in the order of files, with those that touch made one."""
    last: Slice | None = None
    for each in sorted(slices, key=lambda part: (part.file, part.start)):
        if last and last.file == each.file and last.stop == each.start:
            last = Slice(file=last.file, start=last.start, stop=each.stop)
            continue
        if last:
            yield last
        last = each
    if last:
        yield last
