"""The two ways to train: chunk by chunk as the ancestor does, or epoch by epoch over all."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.adapters.trainers.framework import BlockModel, RoundMetrics, SampleModel
from mlaas4hep.core.models.training import TrainingJob

Rounds = Iterator[RoundMetrics]


def fit(
    model: BlockModel | SampleModel,
    data: TrainingData,
    job: TrainingJob,
    labels: SeenLabels,
    done: int,
    *,
    on_last: Callable[[], None] = lambda: None,
) -> Rounds:
    """Do the rounds that are not done yet; yield the metrics of each when it ended.

    `on_last` is called before the metrics of a round after which the model wants no other one.

    Raises:
        TrainingError: the loss is not a number any more, or there is only one class.
    """
    if isinstance(model, SampleModel):
        sees_all, rounds = True, model.fit(data, done)
    else:
        ways: dict[str, Callable[[BlockModel, TrainingData, TrainingJob, int], Rounds]] = {
            "chunked": _by_chunk,
            "standard": _by_epoch,
        }
        sees_all = job.params.training == "standard"
        rounds = ways[job.params.training](model, data, job, done)
    for number, metrics in enumerate(rounds, start=done):
        _check(metrics, job, number)
        goes_on = not isinstance(model, BlockModel) or model.end_round(number, metrics)
        if sees_all or number + 1 == job.rounds:
            labels.check_several()
            data.check_parts()
        if not goes_on:
            on_last()
        yield metrics
        if not goes_on:
            return


def total_rounds(model: BlockModel | SampleModel, job: TrainingJob) -> int:
    """Return how many rounds there will be, at most."""
    return model.rounds if isinstance(model, SampleModel) else job.rounds


def _by_chunk(model: BlockModel, data: TrainingData, job: TrainingJob, done: int) -> Rounds:
    epochs = job.params.epochs
    first, skipped = divmod(done, epochs)
    for chunk in data.chunks(range(first, job.chunks)):
        train = chunk.split.train
        if not len(train):
            raise TrainingError(
                f"chunk {chunk.index} has no entry to learn from",
                '"training": "standard" in params.json goes over all chunks in each epoch',
            )
        for epoch in range(skipped, epochs):
            random = np.random.default_rng([job.params.seed, chunk.index, epoch])
            model.learn(chunk.training_block(train[data.order(len(train), random)]))
            metrics = model.metrics()
            if len(chunk.split.validation):
                model.test(chunk.block(chunk.split.validation))
                metrics |= _validation(model.metrics())
            yield metrics
        skipped = 0


def _by_epoch(model: BlockModel, data: TrainingData, job: TrainingJob, done: int) -> Rounds:
    for epoch in range(done, job.params.epochs):
        for block in data.blocks(data.chunk_order(epoch), epoch):
            model.learn(block)
        metrics = model.metrics()
        yield metrics | _validated(model, data)


def _validated(model: BlockModel, data: TrainingData) -> RoundMetrics:
    rows = 0
    for block in data.validation_blocks():
        rows += len(block.order)
        model.test(block)
    return _validation(model.metrics()) if rows else {}


def _validation(metrics: RoundMetrics) -> RoundMetrics:
    return {f"val_{name}": value for name, value in metrics.items()}


def _is_loss(name: str, metrics: RoundMetrics) -> bool:
    """Tell whether it is what is made small: "loss", or in a step of one's own what ends so."""
    return name in ("loss", "val_loss") or ("loss" not in metrics and name.endswith("loss"))


def _check(metrics: RoundMetrics, job: TrainingJob, number: int) -> None:
    lost = {n: v for n, v in metrics.items() if _is_loss(n, metrics) and not math.isfinite(v)}
    if not lost:
        return
    name, value = next(iter(lost.items()))
    epoch, where = number, ""
    if job.params.training == "chunked":
        chunk, epoch = divmod(number, job.params.epochs)
        where = f" of chunk {chunk}"
    raise TrainingError(
        f"the {name.replace('_', ' ')} became {value} in epoch {epoch + 1}{where}",
        "a smaller learning rate, or a last layer and a loss that fit together, may help; "
        "inputs lie between 0 and 1 already",
    )
