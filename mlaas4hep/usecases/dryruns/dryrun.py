"""A dry run: what a submission would do, found out without reading more than a sample."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.models.dryrun import DryRun
from mlaas4hep.core.models.sample.leftout import left_out
from mlaas4hep.core.models.sample.suspects import suspicious_names
from mlaas4hep.core.models.sample.untrainable import known_labels
from mlaas4hep.core.models.training import ModelSummary, TrainingJob
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.request import Request
from mlaas4hep.errors import MlaasError, PermanentError
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.opentrees import OpenTrees
from mlaas4hep.ports import Services
from mlaas4hep.usecases.dryruns.estimate import how_long
from mlaas4hep.usecases.dryruns.look import FirstLook
from mlaas4hep.usecases.dryruns.warnings import of_chunks, of_entries, of_training
from mlaas4hep.usecases.submit import CheckedSubmission

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
    with _at_specs():
        look = FirstLook.of(inputs, services)
    chosen, plan = inputs.opened.branches, look.plan
    chunk_bytes = look.largest_chunk * len(look.columns) * _FLOAT_BYTES
    model = _built(prepared, look, services) if limits.builds_models else None
    folds = request.params.splitting.folds
    memory_bytes = _memory_bytes(chunk_bytes, model, max(folds, 1))
    return DryRun(
        files=look.files,
        entries=sum(file.entries for file in inputs.opened.files),
        selected_entries=plan.entries,
        features=chosen.features,
        left_out=left_out(trees, request.params, inputs.preproc, chosen),
        identifiers=chosen.identifiers,
        label=chosen.label,
        columns=len(look.columns),
        folds=folds,
        chunks=plan.chunks,
        largest_chunk_entries=look.largest_chunk,
        chunk_bytes=chunk_bytes,
        memory_bytes=memory_bytes,
        model=model,
        time=how_long(inputs, prepared.model, plan.entries, look.entry_bytes, services),
        warnings=(
            *chosen.warnings,
            *suspicious_names(chosen.features),
            *of_entries(look, model),
            *of_chunks(request, plan),
            *of_training(look, memory_bytes, model),
        ),
    )


def _built(prepared: CheckedSubmission, look: FirstLook, services: Services) -> ModelSummary | None:
    """Return what model.py builds for these columns, without training it."""
    request = prepared.request
    job = TrainingJob(
        name=request.folder,
        params=request.params,
        columns=len(look.columns),
        names=look.columns,
        categories=look.categories,
        chunks=look.plan.chunks,
        entries=look.plan.entries,
        resources=request.resources,
        classes=request.labels.classes,
        labels=tuple(sorted(set(request.labels.values))),
        label=request.labels.expression,
        sampled=known_labels(look.labels, request),
        label_columns=request.labels.columns,
        weights=TrainingWeights(is_used=request.params.weighting.is_used),
    )
    try:
        return services.trainer.check(prepared.model.encode(), job, prepared.beside)
    except PermanentError as error:
        raise error.located(stage="train", file=prepared.submission.model) from error.__cause__


def _memory_bytes(chunk_bytes: int, model: ModelSummary | None, models: int) -> int:
    """Return the framework, three chunks on their way, and weights with their gradients.

    All models stay in memory: together they predict what none of them learned from.
    """
    parameters = model.parameters if model else 0
    return _FRAMEWORK_BYTES + 3 * chunk_bytes + 4 * _FLOAT_BYTES * parameters * models


def _open(request: Request, services: Services) -> tuple[Inputs, dict[str, TreeInfo]]:
    """Open the files as a run does, and return its inputs and what each file holds."""
    with _at_specs():
        found = OpenTrees.of(request, services)
        return Inputs.of(request, found, services.range_entries), found.by_name(request)


@contextmanager
def _at_specs() -> Iterator[None]:
    """Say of errors that the specs of a run would have them."""
    try:
        yield
    except MlaasError as error:
        raise error.located(stage="specs") from error.__cause__
