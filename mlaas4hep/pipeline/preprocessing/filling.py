"""Chunks filled from the files that they mix, several at once so that a file is read once for all.

Shaping a few entries costs as much as shaping a thousand. With a thousand files a chunk takes ten
entries of each, so that the same entries are shaped once and dealt to the chunks they belong to.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.chunk import ChunkDraft, Shape
from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.matrix import BLOCK, Layout, Matrix, Positions, count_type, fill
from mlaas4hep.core.data.planning.plan import Recipe, Slice
from mlaas4hep.errors import PermanentError
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.opentrees import errors_about
from mlaas4hep.pipeline.preprocessing.preparation import Facts, LabelledEntries, Preparation


def make_chunks(preparation: Preparation, recipes: Mapping[str, Recipe]) -> list[memoryview]:
    """Return the bytes of each chunk.

    Args:
        preparation: of the run.
        recipes: the slices that each is made of, by the digest of all it depends on; files in
            order, and a file's slices follow each other from chunk to chunk.

    Raises:
        MlaasError: a file cannot be read or is another one now, or a label is no number.
    """
    layout, inputs = preparation.layout, preparation.inputs
    filling = [
        Filling.of(layout, inputs, sum(part.entries for part in recipe.slices))
        for recipe in recipes.values()
    ]
    stretches = _stretches([recipe.slices for recipe in recipes.values()])
    for stretch, blocks in preparation.each(stretches):
        with errors_about(inputs.opened.files[stretch.file]):
            shares = deque((filling[chunk], count) for chunk, count in stretch.shares)
            for entries in blocks:
                _deal(layout, entries, shares)
    return [each.sealed(content) for each, content in zip(filling, recipes, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Passing entries [start, stop) of one file, which follow each other from chunk to chunk."""

    file: int
    start: int
    stop: int
    shares: tuple[tuple[int, int], ...]  #: (number of the chunk, entries it takes)


def _stretches(chunks: Sequence[Sequence[Slice]]) -> Iterator[Stretch]:
    """Yield what to read, files in order."""
    of_files: dict[int, list[tuple[int, Slice]]] = {}
    for number, slices in enumerate(chunks):
        for part in slices:
            of_files.setdefault(part.file, []).append((number, part))
    for file in sorted(of_files):
        parts = of_files[file]
        breaks = [i for i in range(1, len(parts)) if parts[i - 1][1].stop != parts[i][1].start]
        for first, last in zip([0, *breaks], [*breaks, len(parts)], strict=True):
            yield Stretch(
                file=file,
                start=parts[first][1].start,
                stop=parts[last - 1][1].stop,
                shares=tuple((number, part.entries) for number, part in parts[first:last]),
            )


@dataclass(slots=True, kw_only=True)
class Filling:
    """A chunk of which the first `row` rows are there."""

    layout: Layout
    draft: ChunkDraft
    row: int = 0
    holes: list[Positions] = field(default_factory=list)

    @classmethod
    def of(cls, layout: Layout, inputs: Inputs, entries: int) -> "Filling":
        """Return an empty chunk for so many entries of a run."""
        shape = Shape(
            entries=entries,
            flat=layout.flat_width,
            widths=layout.widths,
            weighted=inputs.request.params.weighting.is_stored,
            parted=bool(inputs.opened.branches.part_by),
            labels=inputs.request.labels.columns.width,
        )
        return cls(layout=layout, draft=ChunkDraft.of(shape))

    def fill(self, entries: LabelledEntries) -> None:
        """Shape entries into the next rows."""
        rows = self._next(entries.columns.entries)
        draft = self.draft
        found = fill(self.layout, entries.columns, draft.x[rows], counts=draft.counts[:, rows])
        self.holes.append(found + rows.start * self.layout.width)
        entries.facts.write(draft, rows)

    def copy(self, shaped: "ShapedEntries", start: int, stop: int) -> None:
        """Copy rows [start, stop) of entries that are shaped already."""
        rows = self._next(stop - start)
        draft, width = self.draft, self.layout.width
        draft.x[rows] = shaped.x[start:stop]
        shaped.facts.at(slice(start, stop)).write(draft, rows)
        draft.counts[:, rows] = shaped.counts[:, start:stop]
        if len(shaped.holes):
            first, last = np.searchsorted(shaped.holes, (start * width, stop * width))
            self.holes.append(shaped.holes[first:last] + (rows.start - start) * width)

    def sealed(self, content: str) -> memoryview:
        """Return the bytes of the finished chunk; `content` says what it is made of."""
        promised = len(self.draft.y)
        if self.row != promised:
            raise PermanentError(f"{self.row} entries pass where the specs promise {promised}")
        return self.draft.seal(np.concatenate(self.holes) if self.holes else None, content)

    def _next(self, entries: int) -> slice:
        rows = slice(self.row, self.row + entries)
        self.row = rows.stop
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedEntries:
    """Entries as rows, in memory of their own."""

    x: Matrix
    facts: Facts
    counts: Array
    holes: Positions

    @classmethod
    def of(cls, layout: Layout, entries: LabelledEntries) -> "ShapedEntries":
        """Shape entries."""
        columns = entries.columns
        x = np.empty((columns.entries, layout.width), np.float32)
        counts = np.empty((len(layout.jagged), columns.entries), count_type(layout.widths))
        holes = fill(layout, columns, x, counts=counts)
        return cls(x=x, facts=entries.facts, counts=counts, holes=holes)

    def rows(self, chosen: NDArray[np.intp]) -> "ShapedEntries":
        """Return some of the entries, `chosen` rising."""
        width = self.x.shape[1]
        held = np.isin(self.holes // width, chosen) if len(self.holes) else np.zeros(0, np.bool_)
        holes = self.holes[held]
        return ShapedEntries(
            x=self.x[chosen],
            facts=self.facts.at(chosen),
            counts=self.counts[:, chosen],
            holes=np.searchsorted(chosen, holes // width) * width + holes % width,
        )


def _deal(layout: Layout, entries: LabelledEntries, shares: deque[tuple[Filling, int]]) -> None:
    """Give entries to those whose turn it is; `shares` says how many each of them still takes."""
    pieces: list[tuple[Filling, int, int]] = []
    at, count = 0, entries.columns.entries
    while at < count:
        chunk, wanted = shares.popleft()
        stop = min(at + wanted, count)
        pieces.append((chunk, at, stop))
        if stop - at < wanted:
            shares.appendleft((chunk, wanted - (stop - at)))
        at = stop
    if len(pieces) > 1 and count <= BLOCK:
        shaped = ShapedEntries.of(layout, entries)
        for chunk, start, stop in pieces:
            chunk.copy(shaped, start, stop)
        return
    for chunk, start, stop in pieces:
        chunk.fill(entries if stop - start == count else entries.rows(start, stop))
