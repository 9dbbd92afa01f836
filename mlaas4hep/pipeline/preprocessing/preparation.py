"""Passing entries of files in order, each with its label, draw, weight and part."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.chunk import ChunkDraft
from mlaas4hep.core.data.columns import ENTRY, Columns
from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.planning.draws import Draws, drawn
from mlaas4hep.core.data.planning.parts import Parts
from mlaas4hep.core.data.planning.passmap import PassMap, Reading
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.weights import Weights
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.core.selection.values import finite_weights_of, labels_of, parts_of
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.preprocessing.lookahead import begun_ahead
from mlaas4hep.ports import DataSource

AHEAD_BYTES = 32 * 1024**2  #: of rows that are read from servers before their turn comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about entries besides their values, one of each an entry."""

    labels: NDArray[np.float32]  #: one of each entry, or a row of label columns
    draws: Draws  #: decide where entries go
    weights: Weights | None = None
    parts: Parts | None = None

    def at(self, rows: slice | NDArray[np.intp]) -> "Facts":
        """Return what is known about some of them."""
        return Facts(
            labels=self.labels[rows],
            draws=self.draws[rows],
            weights=None if self.weights is None else self.weights[rows],
            parts=None if self.parts is None else self.parts[rows],
        )

    def write(self, draft: ChunkDraft, rows: slice) -> None:
        """Write them into rows of a chunk."""
        draft.y[rows] = self.labels
        draft.draws[rows] = self.draws
        if draft.weights is not None:
            draft.weights[rows] = self.weights
        if draft.parts is not None and self.parts is not None:
            draft.parts[rows] = self.parts


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledEntries:
    """Entries with what is learned about each."""

    columns: Columns
    facts: Facts

    def rows(self, start: int, stop: int) -> "LabelledEntries":
        """Return entries [start, stop)."""
        return LabelledEntries(
            columns=self.columns.rows(start, stop), facts=self.facts.at(slice(start, stop))
        )


class PartOfFile(Protocol):
    """Passing entries [start, stop) of one file."""

    @property
    def file(self) -> int:
        """Return the number of the file."""

    @property
    def start(self) -> int:
        """Return the first of them."""

    @property
    def stop(self) -> int:
        """Return the first behind them."""


Part = TypeVar("Part", bound=PartOfFile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What the chunks of a run are made with; found once, for it looks at all files."""

    inputs: Inputs
    specs: Specs
    layout: Layout
    surveys: Callable[[OpenedFile], Survey]  #: tells where the values of a file lie
    source: DataSource
    scales: tuple[float, ...]  #: what the weights of each file are multiplied by
    keep: frozenset[str]  #: branches that outlive the cuts, whatever preproc.json says

    @classmethod
    def of(
        cls,
        inputs: Inputs,
        specs: Specs,
        surveys: Callable[[OpenedFile], Survey],
        source: DataSource,
    ) -> "Preparation":
        """Return the preparation of a run with measured specs."""
        branches = inputs.opened.branches
        return cls(
            inputs=inputs,
            specs=specs,
            layout=Layout.of(specs),
            surveys=surveys,
            source=source,
            scales=inputs.weight_factors(specs),
            keep=branches.about_entries | {ENTRY},
        )

    def each(self, parts: Iterable[Part]) -> Iterator[tuple[Part, Iterator[LabelledEntries]]]:
        """Yield parts with their entries; those on servers are begun before their turn comes."""
        return begun_ahead(parts, self.entries, self._far_bytes, AHEAD_BYTES)

    def _far_bytes(self, part: PartOfFile) -> int:
        """Return about how many bytes the rows of a part have, if it lies on a server."""
        is_far = "://" in self.inputs.opened.files[part.file].url
        return 4 * (1 + self.layout.width) * (part.stop - part.start) if is_far else 0

    def entries(self, part: PartOfFile) -> Iterator[LabelledEntries]:
        """Yield the passing entries of a part of one file in order, with new branches."""
        reads, file = self.inputs.opened.branches.reads, self.inputs.opened.files[part.file]
        has, survey = file.has(reads), self.surveys(file)
        for reading in PassMap.of(self.specs, part.file).readings(part.start, part.stop):
            blocks = self.source.read(survey, has, reading.start, reading.stop)
            filled = (file.filled(block, reads) for block in blocks)
            numbered = _numbered(filled, reading.start)
            for columns in _select(numbered, self.inputs.preproc, self.keep, reading):
                yield LabelledEntries(
                    columns=columns, facts=self._facts(part.file, file.name, columns)
                )

    def _facts(self, number: int, name: str, columns: Columns) -> Facts:
        request, part_by = self.inputs.request, self.inputs.opened.branches.part_by
        weights = None
        if request.params.weighting.is_stored:
            own = finite_weights_of(request.params, request.files[number].weight, columns)
            weights = (own * self.scales[number]).astype(np.float32)
        return Facts(
            labels=labels_of(request.labels, number, columns),
            draws=drawn(name, columns.flat[ENTRY]),
            weights=weights,
            parts=parts_of(request.params, part_by, columns) if part_by else None,
        )


def _numbered(blocks: Iterator[Columns], start: int) -> Iterator[Columns]:
    """Yield blocks in which every entry carries its number in the file."""
    for block in blocks:
        numbers = np.arange(start, start + block.entries)
        yield replace(block, flat={**block.flat, ENTRY: numbers})
        start += block.entries


def _select(
    blocks: Iterator[Columns], preproc: Preproc, keep: frozenset[str], reading: Reading
) -> Iterator[Columns]:
    skip, left = reading.skip, reading.take
    for block in blocks:
        kept = preproc.apply(block, keep=keep)
        first, last = min(skip, kept.entries), min(skip + left, kept.entries)
        if last > first:
            whole = last - first == kept.entries
            yield kept if whole else kept.rows(first, last)
        skip -= first
        left -= last - first
        if not left:
            return
