"""A dry run: what a submission would do, found out without reading more than a sample."""

from collections.abc import Iterable, Iterator

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.planning.plan import ChunkPlan
from mlaas4hep.core.data.specs.cutcounts import CutCount, added
from mlaas4hep.core.data.specs.notices import notices, rounded
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.models.dryrun import DryRun, DryRunFile
from mlaas4hep.core.models.sample.leftout import left_out
from mlaas4hep.core.models.sample.suspects import suspicious_names, telling
from mlaas4hep.core.models.sample.untrainable import SampledEntries, known_labels, untrainable
from mlaas4hep.core.models.training import ModelSummary, SampledLabels, TrainingJob
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.requests.roundorder import ordered
from mlaas4hep.core.selection.branches import Branches
from mlaas4hep.core.selection.notices import of_computed
from mlaas4hep.core.selection.opened import OpenedFile
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.core.selection.values import finite_weights_of, labels_of, parts_of
from mlaas4hep.errors import MlaasError, PermanentError
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.opentrees import OpenTrees, naming
from mlaas4hep.ports import Services
from mlaas4hep.usecases.howlong import how_long
from mlaas4hep.usecases.measuredsample import MAX_SAMPLED, SAMPLE, MeasuredSample
from mlaas4hep.usecases.submit import CheckedSubmission

_CHUNKS_LOOKED_AT = 1000
_DIFFERENT = 0.2  #: two chunks whose share of a class differs by more are not alike
_FLOAT_BYTES = 4
_FRAMEWORK_BYTES = 600 * 1024**2  #: TensorFlow before the first layer


def dry_run(prepared: CheckedSubmission, services: Services, limits: Limits) -> DryRun:
    """Return what a run of this submission would do.

    Raises:
        PermanentError: it would fail; names file and branch.
        ServiceUnavailableError: a file's server does not answer.
    """
    request = prepared.request
    inputs, trees = _open(request, services)
    chosen = inputs.opened.branches
    tried = [
        _try(file, inputs.preproc, _sample(file, chosen.reads, services), chosen)
        for file in inputs.opened.files[:MAX_SAMPLED]
    ]
    files = [found for found, _ in tried]
    samples = [kept for _, kept in tried]
    sampled = _sampled(inputs, samples)
    sample = MeasuredSample.of(samples, chosen.features, request.params.rules)
    plan = _plan(inputs, files)
    names = sample.columns if sample else chosen.features
    columns = len(names)
    largest = max(
        (plan.size(index) for index in range(min(plan.chunks, _CHUNKS_LOOKED_AT))), default=0
    )
    chunk_bytes = largest * columns * _FLOAT_BYTES
    model = (
        _built(prepared, names, plan, known_labels(sampled, request), services)
        if limits.builds_models
        else None
    )
    folds = request.params.splitting.folds
    memory_bytes = _memory_bytes(chunk_bytes, model, max(folds, 1))
    return DryRun(
        files=tuple(files),
        entries=sum(file.entries for file in inputs.opened.files),
        selected_entries=plan.entries,
        features=chosen.features,
        left_out=left_out(trees, request.params, inputs.preproc, chosen),
        identifiers=chosen.identifiers,
        label=chosen.label,
        columns=columns,
        folds=folds,
        chunks=plan.chunks,
        largest_chunk_entries=largest,
        chunk_bytes=chunk_bytes,
        memory_bytes=memory_bytes,
        model=model,
        time=how_long(inputs, prepared.model, plan.entries, _entry_bytes(samples), services),
        warnings=(
            *chosen.warnings,
            *suspicious_names(chosen.features),
            *(_of_values(sample, inputs.preproc, sampled) if sample else ()),
            *untrainable(
                sampled,
                request,
                model.task if model else None,
                is_whole=_is_whole(inputs, files),
            ),
            *_of_chunks(request, plan),
            *_warnings(request, files, memory_bytes, model),
            *(model.warnings if model else ()),
        ),
    )


def _entry_bytes(samples: list[list[Columns]]) -> float:
    """Return how many bytes the values of an entry take, of those that passed the cuts."""
    blocks = [block for sample in samples for block in sample]
    return sum(block.size_bytes for block in blocks) / max(sum(b.entries for b in blocks), 1)


def _built(
    prepared: CheckedSubmission,
    names: tuple[str, ...],
    plan: ChunkPlan,
    sampled: SampledLabels,
    services: Services,
) -> ModelSummary | None:
    """Return what model.py builds for these columns, without training it."""
    request = prepared.request
    job = TrainingJob(
        name=request.folder,
        params=request.params,
        columns=len(names),
        names=names,
        chunks=plan.chunks,
        entries=plan.entries,
        resources=request.resources,
        classes=request.labels.classes,
        labels=tuple(sorted(set(request.labels.values))),
        sampled=sampled,
        label_columns=request.labels.columns,
    )
    try:
        return services.trainer.check(prepared.model.encode(), job, prepared.beside)
    except PermanentError as error:
        raise error.located(stage="train", file=prepared.submission.model) from error.__cause__


def _of_values(
    sample: MeasuredSample, preproc: Preproc, sampled: list[SampledEntries]
) -> Iterator[str]:
    """Yield what is odd about the values of a sample of every file."""
    yield from notices(sample.specs, sample.rules)
    yield from of_computed(sample.specs, sample.rules, preproc)
    yield from rounded(sample.parts, sample.specs)
    labels = (each.labels for each in sampled)
    yield from telling(list(zip(sample.values, labels, strict=True)))


def _sampled(inputs: Inputs, samples: list[list[Columns]]) -> list[SampledEntries]:
    """Return labels and parts of a sample of every file.

    Raises:
        PermanentError: a label, a part or a weight is no number; names the file.
    """
    request, part_by = inputs.request, inputs.opened.branches.part_by
    found: list[SampledEntries] = []
    for number, (file, blocks) in enumerate(zip(inputs.opened.files, samples, strict=False)):
        with naming(file):
            for block in blocks:
                finite_weights_of(request.params, request.files[number].weight, block)
                labels = labels_of(request.labels, number, block)
                parts = parts_of(request.params, part_by, block) if part_by else None
                found.append(
                    SampledEntries(labels=request.labels.columns.only_labels(labels), parts=parts)
                )
    return found


def _is_whole(inputs: Inputs, files: list[DryRunFile]) -> bool:
    """Tell whether the sample has all entries of the run."""
    return (
        inputs.request.params.nevts < 0
        and len(files) == len(inputs.opened.files)
        and all(file.sampled == file.entries for file in files)
    )


def _of_chunks(request: Request, plan: ChunkPlan) -> Iterator[str]:
    """Yield a warning if chunks that are trained on one by one differ in their classes."""
    labels = request.labels.values
    params, unasked = ordered(request.params, request.labels, plan)
    if unasked:
        yield unasked
    if params.training == "standard" or not labels or plan.chunks == 1:
        return
    shares: dict[float, list[float]] = {label: [] for label in labels}
    for index in {*range(min(plan.chunks, _CHUNKS_LOOKED_AT)), plan.chunks - 1}:
        of_chunk = dict.fromkeys(shares, 0)
        for part in plan.slices(index):
            of_chunk[labels[part.file]] += part.entries
        for label, entries in of_chunk.items():
            shares[label].append(entries / max(plan.size(index), 1))
    if any(max(found) - min(found) > _DIFFERENT for found in shares.values()):
        yield (
            "chunks differ in their classes, and each is trained on by itself: the last ones"
            ' count most; "training": "standard" in params.json goes over all of them'
        )


def _memory_bytes(chunk_bytes: int, model: ModelSummary | None, models: int) -> int:
    """Return the framework, three chunks on their way, and weights with their gradients.

    All models stay in memory: together they predict what none of them learned from.
    """
    parameters = model.parameters if model else 0
    return _FRAMEWORK_BYTES + 3 * chunk_bytes + 4 * _FLOAT_BYTES * parameters * models


def _warnings(
    request: Request, files: list[DryRunFile], memory_bytes: int, model: ModelSummary | None
) -> Iterator[str]:
    if any(file.sampled for file in files) and not any(file.passed for file in files):
        yield "no entry of the sample passes the cuts"
    if memory_bytes > request.resources.memory_bytes:
        yield f"the training may need {memory_bytes} bytes, and {request.resources.memory_bytes} are given"
    if model is None:
        yield "model.py was parsed but not built: this function has no TensorFlow"


def _open(request: Request, services: Services) -> tuple[Inputs, dict[str, TreeInfo]]:
    """Open the files as a run does, and return its inputs and what each file holds."""
    try:
        found = OpenTrees.of(request, services)
        return Inputs.of(request, found, services.range_entries), found.by_name(request)
    except MlaasError as error:
        raise error.located(stage="specs") from error.__cause__


def _sample(file: OpenedFile, reads: tuple[str, ...], services: Services) -> Iterator[Columns]:
    """Yield the first entries of a file; none of one that is skipped."""
    if not file.entries:
        return
    with naming(file):
        survey = services.source.survey(file.url, file.tree, file.has(reads))
        blocks = services.source.read(survey, file.has(reads), 0, min(SAMPLE, file.entries))
        for block in blocks:
            yield file.filled(block, reads)


def _try(
    file: OpenedFile, preproc: Preproc, sample: Iterable[Columns], chosen: Branches
) -> tuple[DryRunFile, list[Columns]]:
    """Return what a sample of a file shows, and what of it passes."""
    blocks: list[Columns] = []
    sampled = passed = 0
    flow: list[CutCount] = []
    for block in sample:
        sampled += block.entries
        kept, cuts = preproc.applied(block, keep=chosen.about_entries)
        flow.extend(cuts)
        blocks.append(kept)
        passed += kept.entries
    found = DryRunFile(
        file=file.name,
        tree=file.tree,
        entries=file.entries,
        sampled=sampled,
        passed=passed,
        cut_flow=added(flow),
    )
    return found, blocks


def _plan(inputs: Inputs, files: list[DryRunFile]) -> ChunkPlan:
    """Return the chunks there would be if all entries pass as those of the sample do."""
    sampled, passed = sum(file.sampled for file in files), sum(file.passed for file in files)
    share = passed / sampled if sampled else 1.0
    params = inputs.request.params
    entries = (file.entries for file in inputs.opened.files)
    limits = (count if params.nevts < 0 else min(params.nevts, count) for count in entries)
    counts = [round(count * share) for count in limits]
    return ChunkPlan.of(counts, params.nevts, params.chunk_size)
