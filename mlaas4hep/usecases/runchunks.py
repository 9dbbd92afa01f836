"""The chunks of a run, for whoever trains elsewhere: listed, and fetched one by one."""

from mlaas4hep.core import keys
from mlaas4hep.core.models.sample.split import TEST_SHARE
from mlaas4hep.core.runs.events import RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.views import RunChunks, StoredChunk
from mlaas4hep.errors import ConflictError, NotFoundError, StrangeEventError
from mlaas4hep.pipeline.training.trainingplan import TrainingPlan, load_plan
from mlaas4hep.ports import Services
from mlaas4hep.usecases.downloads import Download, stored


def listed(run: Run, services: Services) -> RunChunks:
    """Return the chunks of a run, and what a training has to know besides them.

    Raises:
        ConflictError: the run has none: it scores or scans, or they are not planned yet.
    """
    plan = _plan(run, services)
    params, job = plan.params, plan.job
    there = {info.key: info.size_bytes for info in services.chunks.list(f"{run.owner}/")}
    return RunChunks(
        run=run.name,
        columns=job.names,
        classes=job.classes,
        labels=job.label_columns,
        seed=params.seed,
        validation=params.split,
        test=TEST_SHARE if params.metrics.wanted else 0.0,
        folds=params.splitting.folds,
        weights=job.weights,
        chunks=tuple(
            StoredChunk(
                index=index,
                key=plan.chunk_key(index),
                content=plan.chunk_content(index),
                entries=plan.chunks.size(index),
                size_bytes=there.get(plan.chunk_key(index)),
            )
            for index in range(plan.chunks.chunks)
        ),
    )


def download(run: Run, index: int, services: Services, through: bool = False) -> Download:
    """Return one chunk.

    Args:
        run: whose chunk it is.
        index: its number.
        services: the world.
        through: it is not to come from the store, however large it is.

    Raises:
        NotFoundError: there is no such chunk, or it lies in the store no more, or not yet.
    """
    plan = _plan(run, services)
    if index >= plan.chunks.chunks:
        raise NotFoundError(
            f"run {run.name!r} has no chunk {index}",
            hint=f"its chunks are numbered from 0 to {plan.chunks.chunks - 1}",
        )
    key = keys.chunk(run.owner, plan.chunk_content(index))
    found = stored("chunks", key, f"{run.name}_{index:05d}.chunk", services, through)
    if found is None:
        raise NotFoundError(
            f"chunk {index} of run {run.name!r} is not in the store",
            hint="it is not made yet, or has expired: the same request, submitted again, makes it",
        )
    return found


def _plan(run: Run, services: Services) -> TrainingPlan:
    if run.task != "training":
        raise ConflictError(f"run {run.name!r} is a {run.task}: it has no chunks")
    if not run.specs:
        raise ConflictError(
            f"the chunks of run {run.name!r} are not planned yet", hint="wait until it trains"
        )
    try:
        return load_plan(RunSubmitted(owner=run.owner, run=run.name, attempt=run.attempt), services)
    except (NotFoundError, StrangeEventError) as error:
        raise NotFoundError(
            f"what was measured for {run.name!r} is deleted", hint="restart or submit again"
        ) from error
