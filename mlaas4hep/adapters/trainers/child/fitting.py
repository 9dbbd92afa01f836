"""The two ways to train: chunk by chunk as the ancestor does, or epoch by epoch over all."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.learning import Labels
from mlaas4hep.adapters.trainers.child.material import MaterialSource
from mlaas4hep.adapters.trainers.keras.engine import Engine
from mlaas4hep.core.models.training import TrainingJob

Rounds = Iterator[dict[str, float]]


def fit(
    engine: Engine, source: MaterialSource, job: TrainingJob, labels: Labels, done: int
) -> Rounds:
    """Do the rounds that are not done yet; yield the metrics of each when it ended.

    Raises:
        TrainingError: the loss is not a number any more, or there is only one class.
    """
    ways: dict[str, Callable[[Engine, MaterialSource, TrainingJob, int], Rounds]] = {
        "chunked": _by_chunk,
        "standard": _by_epoch,
    }
    for number, metrics in enumerate(
        ways[job.params.training](engine, source, job, done), start=done
    ):
        _check(metrics, job, number)
        if job.params.training == "standard" or number + 1 == job.rounds:
            labels.check_seen()
        yield metrics


def _by_chunk(engine: Engine, source: MaterialSource, job: TrainingJob, done: int) -> Rounds:
    epochs = job.params.epochs
    first, skipped = divmod(done, epochs)
    for material in source.chunks(range(first, job.chunks)):
        train = material.split.train
        for epoch in range(skipped, epochs):
            random = np.random.default_rng([job.params.seed, material.index, epoch])
            engine.train(material.x, material.y, train[source.order(len(train), random)])
            metrics = engine.metrics()
            if len(material.split.validation):
                engine.test(material.x, material.y, material.split.validation)
                metrics |= _validation(engine.metrics())
            yield metrics
        skipped = 0


def _by_epoch(engine: Engine, source: MaterialSource, job: TrainingJob, done: int) -> Rounds:
    for epoch in range(done, job.params.epochs):
        order = source.chunk_order(job.chunks, epoch)
        for block in source.blocks(order, epoch):
            engine.train(block.x, block.y, block.order)
        metrics = engine.metrics()
        yield metrics | _validated(engine, source, job)


def _validated(engine: Engine, source: MaterialSource, job: TrainingJob) -> dict[str, float]:
    rows = 0
    if job.params.split > 0:
        for material in source.chunks(range(job.chunks)):
            rows += len(material.split.validation)
            engine.test(material.x, material.y, material.split.validation)
    return _validation(engine.metrics()) if rows else {}


def _validation(metrics: dict[str, float]) -> dict[str, float]:
    return {f"val_{name}": value for name, value in metrics.items()}


def _check(metrics: dict[str, float], job: TrainingJob, number: int) -> None:
    if math.isfinite(metrics["loss"]):
        return
    epoch, where = number, ""
    if job.params.training == "chunked":
        chunk, epoch = divmod(number, job.params.epochs)
        where = f" of chunk {chunk}"
    raise TrainingError(
        f"the loss became {metrics['loss']} in epoch {epoch + 1}{where}",
        "a smaller learning rate, or a last layer and a loss that fit together, may help; "
        "inputs lie between 0 and 1 already",
    )
