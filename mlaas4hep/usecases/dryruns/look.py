"""A first look at the files of a submission: a sample of each, and what passes its cuts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.planning.plan import ChunkPlan
from mlaas4hep.core.data.specs.cutcounts import CutCount, added
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.data.weights import WeightSum, joined_sums, physical
from mlaas4hep.core.models.dryrun import DryRunFile
from mlaas4hep.core.models.sample.untrainable import SampledEntries
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.core.selection.values import Weigher, finite_weights_of, labels_of, parts_of
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.opentrees import errors_about
from mlaas4hep.ports import Services
from mlaas4hep.usecases.dryruns.measuredsample import MAX_SAMPLED, SAMPLE, MeasuredSample

CHUNKS_LOOKED_AT = 1000  #: for their sizes and classes


@dataclass(frozen=True, kw_only=True)
class FirstLook:
    """What a sample of the first files shows."""

    inputs: Inputs
    files: tuple[DryRunFile, ...]
    samples: list[list[Columns]]  #: blocks of entries that pass the cuts, of each file
    labels: list[SampledEntries]  #: of each block
    weights: tuple[WeightSum, ...] = ()  #: summed up as specs do it; empty: nobody asks for them

    @classmethod
    def of(cls, inputs: Inputs, services: Services) -> Self:
        """Read a sample of each file, and try the cuts on it.

        Raises:
            PermanentError: a label, a part or a weight is no number; names the file.
        """
        reads = inputs.opened.branches.reads
        tried = [
            _try(inputs, number, _sample(file, reads, services))
            for number, file in enumerate(inputs.opened.files[:MAX_SAMPLED])
        ]
        samples = [each.kept for each in tried]
        return cls(
            inputs=inputs,
            files=tuple(each.file for each in tried),
            samples=samples,
            labels=_sampled(inputs, samples),
            weights=joined_sums(sums for each in tried for sums in each.weights),
        )

    @cached_property
    def values(self) -> MeasuredSample | None:
        """The features of what passes, measured; None if nothing does."""
        features = self.inputs.opened.branches.features
        return MeasuredSample.of(self.samples, features, self.inputs.request.params.rules)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of a chunk, as far as a sample tells."""
        return self.values.layout.columns if self.values else self.inputs.opened.branches.features

    @property
    def categories(self) -> tuple[int, ...]:
        """The numbers of the columns that hold categories."""
        return self.values.layout.categories if self.values else ()

    @cached_property
    def plan(self) -> ChunkPlan:
        """The chunks there would be if all entries pass as those of the sample do."""
        sampled = sum(file.sampled for file in self.files)
        passed = sum(file.passed for file in self.files)
        share = passed / sampled if sampled else 1.0
        params = self.inputs.request.params
        entries = (file.entries for file in self.inputs.opened.files)
        limits = (count if params.nevts < 0 else min(params.nevts, count) for count in entries)
        counts = [round(count * share) for count in limits]
        return ChunkPlan.of(counts, params.nevts, params.chunk_size)

    @cached_property
    def largest_chunk(self) -> int:
        """The entries of the largest chunk."""
        looked_at = range(min(self.plan.chunks, CHUNKS_LOOKED_AT))
        return max((self.plan.size(index) for index in looked_at), default=0)

    @property
    def entry_bytes(self) -> float:
        """How many bytes the values of an entry take, averaged over entries that passed the cuts."""
        blocks = [block for sample in self.samples for block in sample]
        return sum(block.size_bytes for block in blocks) / max(sum(b.entries for b in blocks), 1)

    @property
    def is_whole(self) -> bool:
        """Whether the sample has all entries of the run."""
        return (
            self.inputs.request.params.nevts < 0
            and len(self.files) == len(self.inputs.opened.files)
            and all(file.sampled == file.entries for file in self.files)
        )


def _sampled(inputs: Inputs, samples: list[list[Columns]]) -> list[SampledEntries]:
    """Return labels, parts and weights of a sample of every file.

    Raises:
        PermanentError: a label, a part or a weight is no number; names the file.
    """
    found: list[SampledEntries] = []
    for number, (file, blocks) in enumerate(zip(inputs.opened.files, samples, strict=False)):
        with errors_about(file):
            found.extend(_facts(inputs, number, block) for block in blocks)
    return found


def _facts(inputs: Inputs, number: int, block: Columns) -> SampledEntries:
    request, part_by = inputs.request, inputs.opened.branches.part_by
    weighting = request.params.weighting
    weights = finite_weights_of(request.params, request.files[number].weight, block)
    how = TrainingWeights(negative=weighting.negative)
    labels = labels_of(request.labels, number, block)
    return SampledEntries(
        labels=request.labels.columns.only_labels(labels),
        parts=parts_of(request.params, part_by, block) if part_by else None,
        weights=physical(how, weights.astype(np.float32)) if weighting.is_stored else None,
    )


def _sample(file: OpenedFile, reads: tuple[str, ...], services: Services) -> Iterator[Columns]:
    """Yield the first entries of a file; none of one that is skipped."""
    if not file.entries:
        return
    with errors_about(file):
        survey = services.source.survey(file.url, file.tree, file.has(reads))
        blocks = services.source.read(survey, file.has(reads), 0, min(SAMPLE, file.entries))
        for block in blocks:
            yield file.filled(block, reads)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileSample:
    """A sample of one file, before and after the cuts."""

    file: DryRunFile
    kept: list[Columns]  #: what passes, block by block
    weights: list[WeightSum]


def _try(inputs: Inputs, number: int, sample: Iterable[Columns]) -> _FileSample:
    """Return what a sample of a file shows, and what of it passes."""
    file, chosen = inputs.opened.files[number], inputs.opened.branches
    weigher = Weigher(request=inputs.request, file=number)
    is_weighed = inputs.request.params.weighting.is_measured
    blocks: list[Columns] = []
    weights: list[WeightSum] = []
    sampled = passed = 0
    flow: list[CutCount] = []
    for block in sample:
        sampled += block.entries
        kept, cuts = inputs.preproc.applied(block, keep=chosen.about_entries)
        flow.extend(cuts)
        blocks.append(kept)
        passed += kept.entries
        if is_weighed:
            with errors_about(file):
                sums = weigher.sums(block, kept, inputs.preproc)
            weights.extend(replace(each, file=number) for each in sums)
    found = DryRunFile(
        file=file.name,
        tree=file.tree,
        entries=file.entries,
        sampled=sampled,
        passed=passed,
        cut_flow=added(flow),
    )
    return _FileSample(file=found, kept=blocks, weights=weights)
