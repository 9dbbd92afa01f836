"""K-fold training: one model for each fold, which never learns from that fold's entries.

The models learn one after the other, each exactly as it would alone with that fold as its
validation part; together they are one `SampleModel`, so that checkpoints, figures and bundles know
nothing about folds.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.fitting import fit, total_rounds
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.trainingdata import Feed, TrainingData
from mlaas4hep.adapters.trainers.framework import (
    Block,
    BlockModel,
    Export,
    Floats,
    RoundMetrics,
    Sample,
    SampleModel,
    State,
)
from mlaas4hep.core.models.bundle import folding
from mlaas4hep.core.models.training import TrainingJob

AnyModel = BlockModel | SampleModel
_POSITION = "folds"


class FoldedModel:
    """See `framework.SampleModel`."""

    def __init__(
        self,
        first: AnyModel,
        build: Callable[[], AnyModel],
        job: TrainingJob,
        feed: Feed,
        labels: SeenLabels,
    ) -> None:
        """Begin with the model of fold 0; `build` makes those of the others, alike."""
        self._models = [first]
        self._build = build
        self._job = job
        self._feed = feed
        self._labels = labels
        self._folds = job.params.splitting.folds
        self._histories: list[list[RoundMetrics]] = [[]]  #: of each model so far
        self._kept: list[int] = []  #: the round that each model is of that has learned all it will
        self._is_last = False
        self.summary = replace(first.summary, parameters=self._folds * first.summary.parameters)
        self.missing = first.missing
        self.rounds = self._folds * total_rounds(first, job)

    @property
    def _ended(self) -> int:
        """Return how many models have learned all they will; the next one learns now."""
        return len(self._kept)

    def check_labels(self, labels: Floats) -> None:
        """Refuse labels that the loss cannot compare."""
        self._models[0].check_labels(labels)

    def fit(self, sample: Sample, done: int) -> Iterator[RoundMetrics]:  # noqa: ARG002 - all is in the state
        """Do the rounds of one fold after the other."""
        while self._ended < self._folds:
            if self._ended == len(self._models):
                self._models.append(self._build())
                self._histories.append([])
            yield from self._learn(self._ended)
            self._end()

    def _learn(self, fold: int) -> Iterator[RoundMetrics]:
        model, history = self._models[fold], self._histories[fold]
        if self._is_last:  # it ended early, and the training was interrupted right then
            return
        data = TrainingData(self._feed, model, self._labels, self._job, fold)
        rounds = fit(model, data, self._job, self._labels, len(history), on_last=self._stop)
        for metrics in rounds:
            history.append(metrics)
            yield {"fold": float(fold), **metrics}

    def _stop(self) -> None:
        self._is_last = True

    def _end(self) -> None:
        kept = self._models[self._ended].finish()
        ranges = self._models[self._ended].summary.ranges  # known when labels chose the loss
        self.summary = replace(self.summary, ranges=ranges)
        self._kept.append(len(self._histories[self._ended]) - 1 if kept is None else kept)
        self._is_last = False

    def finish(self) -> None:
        """Do nothing: each model is finished when its rounds are done."""

    def kept_metrics(self) -> RoundMetrics:
        """Return the mean over the folds of what was said of the round that each model is of."""
        said = zip(self._histories, self._kept, strict=True)
        kept = [history[number] for history, number in said if history]
        names = [name for name in (kept[0] if kept else ()) if all(name in one for one in kept)]
        return {name: float(np.mean([one[name] for one in kept])) for name in names}

    def predict(self, block: Block) -> Floats:
        """Return each row's outputs by the model of its fold; without folds, the mean of all."""
        if block.folds is None:
            outputs = np.array([model.predict(block) for model in self._models])
            mean: Floats = outputs.mean(axis=0)
            return mean
        folds = block.folds[block.order]
        found: Floats | None = None
        for fold, model in enumerate(self._models):
            places = np.flatnonzero(folds == fold)
            if len(places):
                outputs = model.predict(replace(block, order=block.order[places], folds=None))
                if found is None:
                    found = np.empty((len(folds), outputs.shape[1]), outputs.dtype)
                found[places] = outputs
        assert found is not None  # noqa: S101 - nobody asks about no rows
        return found

    def state(self) -> State:
        """Return the states of all models so far, and how far they are."""
        position = {
            "is_last": self._is_last,
            "histories": self._histories,
            "kept": self._kept,
        }
        arrays: dict[str, NDArray[Any]] = {
            _POSITION: np.frombuffer(json.dumps(position).encode(), np.uint8)
        }
        for fold, model in enumerate(self._models):
            arrays |= {f"{fold}.{name}": array for name, array in model.state().items()}
        return arrays

    def restore(self, state: State) -> None:
        """Become what `state` was taken from; the model that is there already comes last."""
        position = json.loads(bytes(state[_POSITION]))
        histories = position["histories"]
        models = [self._models[0], *(self._build() for _ in histories[1:])]
        for fold in reversed(range(len(models))):
            models[fold].restore(_of_fold(state, fold))
        self._models, self._histories = models, histories
        self._is_last = position["is_last"]
        self._kept = (
            position.get("kept")
            or [  # releases before 2026-12 told how many had ended
                len(history) - 1 for history in histories[: position.get("ended", 0)]
            ]
        )
        self.summary = replace(self.summary, warnings=models[-1].summary.warnings)

    def export(self, folder: Path, sample: Floats) -> Export:
        """Write each model into a folder of its own."""
        found = Export()
        for fold, model in enumerate(self._models):
            name = folding.folder(fold)
            (folder / name).mkdir()
            one = model.export(folder / name, sample)
            own = tuple(replace(each, file=f"{name}/{each.file}") for each in one.conversions)
            found = replace(
                one,
                conversions=(*found.conversions, *own),
                not_made=(
                    *found.not_made,
                    *(replace(each, file=f"{name}/{each.file}") for each in one.not_made),
                ),
            )
        return found


def _of_fold(state: State, fold: int) -> State:
    prefix = f"{fold}."
    return {
        name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)
    }
