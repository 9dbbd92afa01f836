"""What a trained model does on all chunks: figures, pictures, and a sample of entries."""

import threading
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.assessment import (
    checktext,
    evaluation,
    overtraining,
    quality,
)
from mlaas4hep.adapters.trainers.child.assessment.correlations import Correlations
from mlaas4hep.adapters.trainers.child.assessment.evaluation import Evaluation, SetFigures
from mlaas4hep.adapters.trainers.child.assessment.histograms import Histograms
from mlaas4hep.adapters.trainers.child.assessment.importance import KeptEntries, importance
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.splitchunk import SplitChunk
from mlaas4hep.adapters.trainers.framework import Block, Model
from mlaas4hep.core import wire
from mlaas4hep.core.models.goals import Goal
from mlaas4hep.core.models.sample.suspects import telling_columns
from mlaas4hep.core.models.training import TrainingJob

_SAMPLE_ENTRIES = 256
_LOOKED_AT = 2000  #: entries of the first chunk, for columns that give the answer away
_PLOTS = "mlaas4hep.adapters.trainers.child.assessment.plots"


class Results:
    """Collected from all chunks if figures or histograms are wanted, else from the first only."""

    def __init__(self, model: Model, job: TrainingJob) -> None:
        self._job = job
        self._model = model
        self._evaluation = Evaluation(model) if job.params.metrics.wanted else None
        self._kept = KeptEntries(job.chunks)
        self._histograms = (
            Histograms(job.features, weighted=job.params.weighting.is_stored)
            if job.features
            else None
        )
        self._correlations = Correlations(job.features)
        if self._evaluation or self._histograms:  # matplotlib is slow to import: begin now
            threading.Thread(target=import_module, args=(_PLOTS,), daemon=True).start()
        self.sample: NDArray[np.float32] = np.empty((0, job.columns), np.float32)
        self._telling: tuple[str, ...] = ()

    @property
    def chunks(self) -> Iterable[int]:
        """Return the chunks that are needed."""
        return range(self._job.chunks if self._evaluation or self._histograms else 1)

    def collect(self, chunks: Iterable[SplitChunk]) -> None:
        """Predict and count the entries of these chunks."""
        for chunk in chunks:
            if not len(self.sample):
                self.sample = _sample(chunk)
                self._telling = _telling(chunk, self._job)
            if self._evaluation:
                self._evaluation.add(chunk)
                self._kept.add(chunk)
            if self._histograms:
                self._histograms.add(chunk.chunk, chunk.labels, chunk.physical)
                self._correlations.add(chunk.chunk, chunk.physical)

    def check(self) -> tuple[str, ...]:
        """Refuse a model whose outputs are no numbers; return what is odd about them.

        Raises:
            TrainingError: it must not be served.
        """
        rows = np.arange(len(self.sample), dtype=np.int32)
        labels = np.zeros(len(self.sample), np.float32)
        predicted = self._model.predict(Block(x=self.sample, y=labels, order=rows))
        lost = int((~np.isfinite(predicted)).any(axis=1).sum())
        if self._evaluation:
            lost = max(lost, self._evaluation.not_finite())
        if lost:
            raise TrainingError(
                f"the trained model's predictions are NaN or infinite for {lost} entries, so it is "
                "not published",
                "a smaller learning rate, or a last layer and a loss that fit together, may help",
            )
        if len(predicted) > 1 and (predicted == predicted[0]).all():
            told = "the trained model gives the same output for every entry: it has learned nothing"
            return (*self._telling, told)
        return self._telling

    def figures(self, labels: SeenLabels) -> tuple[SetFigures, ...]:
        """Return the figures that are wanted, as far as labels and outputs have to do with each other."""
        if self._evaluation is None or not self._compares(labels):
            return ()
        return self._evaluation.figures(labels.task, self._job.params.metrics, labels.goals)

    def _compares(self, labels: SeenLabels) -> bool:
        """Tell whether it is known which of several labels an output is for."""
        return bool(labels.goals) or not self._job.label_columns.names

    def write(
        self,
        folder: Path,
        figures: tuple[SetFigures, ...],
        history: Sequence[dict[str, float]],
        labels: SeenLabels,
    ) -> None:
        """Write metrics.json and the pictures that are wanted."""
        folder.mkdir()
        if self._evaluation is None and self._histograms is None:
            return
        # only those who want pictures wait for the import
        from mlaas4hep.adapters.trainers.child.assessment import plots  # noqa: PLC0415

        if self._evaluation:
            report = evaluation.to_json(figures, self._job.classes)
            (folder / "metrics.json").write_bytes(wire.show(report))
            scored = self._evaluation.scores(labels.goals)
            endless = self._job.params.fitting.learns_inputs
            told = quality.quality(figures, scored, self._job.classes, endless=endless)
            (folder / "quality.json").write_bytes(wire.show(told))
            _say(evaluation.to_text(figures, self._job.classes))
            checks = self._checks(figures, labels)
            (folder / "checks.json").write_bytes(wire.show(checks))
            plots.draw_checks(folder, checks)
            _say(checktext.to_text(checks))
            plots.draw_losses(folder / "loss.png", history)
            if any(each.curve for each in figures):
                plots.draw_roc(folder / "roc.png", figures)
        if self._histograms:
            found = self._histograms.result()
            told_of = quality.histograms(found, self._job.classes)
            (folder / "histograms.json").write_bytes(wire.show(told_of))
            (folder / "correlations.json").write_bytes(wire.show(self._correlations.result()))
            plots.draw_histograms(folder / "histograms.pdf", found)
            if self._histograms.left_out:
                _say(f"mlaas4hep: {self._histograms.left_out} branches more are not drawn")

    def _checks(self, figures: tuple[SetFigures, ...], labels: SeenLabels) -> dict[str, Any]:
        """Return whether the model learned by heart, and what it looks at."""
        entries = self._kept.entries()
        found: dict[str, Any] = {"schema_version": 1, "overtraining": None, "importance": None}
        found["overtraining"] = self._overtraining(figures, labels.goals)
        if entries is not None and self._compares(labels):
            threshold = self._job.params.metrics.threshold
            found["importance"] = importance(
                self._model,
                entries,
                self._job.branches,
                lambda *scored: one_figure(scored, labels, threshold),
                self._job.params.seed,
            )
        return found

    def _overtraining(
        self, figures: tuple[SetFigures, ...], goals: Sequence[Goal]
    ) -> dict[str, Any] | None:
        assert self._evaluation is not None  # noqa: S101 - only called with one
        scored = self._evaluation.scores(goals)
        sets = {each.name: each for each in figures if each.matrix is not None}
        ends = [f"/{goal.label}" for goal in goals] or [""]
        held_out = next((name for name in ("test", "val") if f"{name}{ends[0]}" in scored), "")
        pairs = []
        for end in ends:
            one = sets.get(f"{held_out}{end}")
            if one is None or one.matrix is None or f"train{end}" not in scored:
                continue
            names = evaluation.class_names(len(one.matrix), self._job.classes)
            if end:
                names = tuple(f"{end[1:]} = {name}" for name in names)
            pair = overtraining.Pair(
                train=scored[f"train{end}"], held_out=scored[f"{held_out}{end}"], names=names
            )
            pairs.append(pair)
        return overtraining.compared(pairs, held_out) if pairs else None


def one_figure(scored: Any, labels: SeenLabels, threshold: float) -> float | None:
    """Return one number of which more is better: an AUC, or minus an error; of several, the mean."""
    parts = [(evaluation.of_goal(scored, goal), goal.task) for goal in labels.goals]
    told = [
        evaluation.set_figures("", part, task, threshold)
        for part, task in parts or [(scored, labels.task)]
    ]
    values = [each.auc for each in told if each.auc is not None] or [
        -each.error for each in told if each.error is not None
    ]
    return sum(values) / len(values) if values else None


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - stdout is the run's log


def _sample(chunk: SplitChunk) -> NDArray[np.float32]:
    """Return some entries; those come first that the model has not learned from."""
    every = np.arange(len(chunk.x), dtype=np.int32)
    rows = np.concatenate((chunk.split.test, chunk.split.validation, every))
    _, firsts = np.unique(rows, return_index=True)
    return chunk.x[rows[np.sort(firsts)][:_SAMPLE_ENTRIES]]


def _telling(chunk: SplitChunk, job: TrainingJob) -> tuple[str, ...]:
    """Return a warning about columns that give the answer away."""
    if not job.names:
        return ()
    x, y = chunk.x[:_LOOKED_AT], chunk.labels[:_LOOKED_AT]
    return tuple(telling_columns(x, y, job.names, _lengths(chunk, job)))


def _lengths(chunk: SplitChunk, job: TrainingJob) -> dict[str, NDArray[np.int64]]:
    """Return how many values the rows of branches have that fill several columns."""
    there = chunk.chunk.mask[:_LOOKED_AT] == 0
    return {
        branch.name: there[:, branch.start : branch.start + branch.width].sum(axis=1)
        for branch in job.branches
        if branch.width > 1
    }
