"""One training from the first chunk to the bundle, inside the confined process."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import mlaas4hep
from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.adapters.trainers.child import modelfile, sampledlabels
from mlaas4hep.adapters.trainers.child.assessment import evaluation
from mlaas4hep.adapters.trainers.child.assessment.results import Results
from mlaas4hep.adapters.trainers.child.failure import (
    LOGGED,
    TrainingError,
    explained,
    without_log,
)
from mlaas4hep.adapters.trainers.child.feed import ChunkFeed
from mlaas4hep.adapters.trainers.child.fitting import fit, total_rounds
from mlaas4hep.adapters.trainers.child.folds import FoldedModel
from mlaas4hep.adapters.trainers.child.idleoutputs import idle_outputs
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.messages import Messages
from mlaas4hep.adapters.trainers.child.rounds import Rounds
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.adapters.trainers.framework import BlockModel, Framework, RoundMetrics, SampleModel
from mlaas4hep.core import wire
from mlaas4hep.core.models.bundle.conversion import failures
from mlaas4hep.core.models.outputrange import never_given
from mlaas4hep.core.models.training import ModelBuilt, TrainingFinished, TrainingJob, Versions
from mlaas4hep.core.requests.task import OF_CLASSES

_CLOSED = frozenset({"landlock", "seccomp"})  #: means that keep a process from its node's devices


class Session:
    """A process that builds one model, and trains it if asked to."""

    def __init__(
        self,
        *,
        channel: Channel,
        job: TrainingJob,
        work: Path,
        isolation: tuple[str, ...],
        frameworks: Sequence[Framework],
    ) -> None:
        self._job = job
        self._work = work
        self._isolation = isolation
        self._frameworks = frameworks
        self._messages = Messages(channel)
        self._feed = ChunkFeed(channel)

    def check(self, build_seconds: int) -> None:
        """Build the model and tell what it is.

        Raises:
            TrainingError: model.py cannot be trained, or not with the labels that are known.
        """
        with without_log():
            _, model = self._build(build_seconds)
        if self._job.labels:
            SeenLabels.of(model.summary, self._job).check_several()
        doubts = (
            *sampledlabels.doubts(model, self._job.sampled),
            *sampledlabels.unknown_factors(model.summary, self._job),
            *sampledlabels.misfits(model.summary, self._job),
        )
        model.summary = replace(model.summary, warnings=(*model.summary.warnings, *doubts))
        self._tell_built(model, resumed=0)

    def train(self, build_seconds: int, checkpoint_seconds: float) -> None:
        """Train from where the checkpoint stands to the end, and hand over the bundle.

        Raises:
            TrainingError: model.py or the data cannot be trained, or no device can be reached.
        """
        self._check_device()
        framework, model = self._build(build_seconds)
        labels = SeenLabels.of(model.summary, self._job)
        if self._job.labels:  # known before any entry is read
            labels.check_several()
        if self._job.params.splitting.folds:
            model = FoldedModel(
                model, lambda: self._build(build_seconds)[1], self._job, self._feed, labels
            )
        data = TrainingData(self._feed, model, labels, self._job)
        with explained("the training", LOGGED):
            rounds = Rounds(model, self._job, self._work, self._messages, checkpoint_seconds)
            labels.restore(rounds.position.labels)
            self._tell_built(model, resumed=rounds.position.rounds)
            if not rounds.position.rounds:
                self._check_sample(data)
            results = Results(model, self._job)
            rounds.follow(fit(model, data, self._job, labels, rounds.position.rounds), labels)
            kept = _kept_metrics(model, model.finish(), rounds.position.history)
            results.collect(data.chunks(results.chunks))
            misfits = (
                *idle_outputs(model.summary, labels.seen[0]),
                *never_given(model.summary.ranges, labels.seen),
            )
            warnings = (*results.check(), *_of_parts(data, labels, self._job), *misfits)
            _say(warnings)
            self._hand_over(
                model,
                labels,
                results,
                rounds.position.history,
                kept,
                framework.versions(),
                warnings,
            )

    def _check_sample(self, data: TrainingData) -> None:
        """Look at entries before the first round, as far as a refusal would come late otherwise."""
        data.check_several()
        if self._job.params.splitting.is_stored:
            data.check_splitting()
        elif self._job.params.training == "chunked" and not self._job.labels:
            data.check_labels()

    def _check_device(self) -> None:
        closed = _CLOSED.intersection(self._isolation)
        if self._job.resources.device == "gpu" and closed:
            raise TrainingError(
                "the submission asks for a GPU, and what confines trainings here "
                f"({', '.join(sorted(closed))}) lets none reach one",
                'submit with "device": "cpu", or train outside with the chunks of the run',
            )

    def _build(self, seconds: int) -> tuple[Framework, BlockModel | SampleModel]:
        path = self._work / "model.py"
        framework, model, warnings = modelfile.build(path, self._job, self._frameworks, seconds)
        if self._job.labels:
            model.check_labels(np.array(self._job.labels, np.float32))
        model.summary = replace(model.summary, warnings=(*warnings, *model.summary.warnings))
        return framework, model

    def _tell_built(self, model: BlockModel | SampleModel, resumed: int) -> None:
        self._messages.tell(
            ModelBuilt(
                summary=model.summary,
                isolation=self._isolation,
                rounds=total_rounds(model, self._job),
                resumed=resumed,
            )
        )

    def _hand_over(  # noqa: PLR0917 - all that a finished training is
        self,
        model: BlockModel | SampleModel,
        labels: SeenLabels,
        results: Results,
        history: tuple[RoundMetrics, ...],
        kept: RoundMetrics,
        versions: Versions,
        warnings: tuple[str, ...],
    ) -> None:
        figures = results.figures(labels)
        bundle, plots = self._work / "bundle", self._work / "plots"
        results.write(plots, figures, history, labels)
        bundle.mkdir()
        exported = model.export(bundle, results.sample)
        _write_history(bundle / "history.json", history)
        for folder in (plots, bundle):
            for name, path in _files(folder):
                self._messages.keep(f"{folder.name}/{name}", path)
        figured = dict(evaluation.metrics(figures))
        self._messages.tell(
            TrainingFinished(
                task=labels.task,
                goals=labels.goals,
                outputs=model.summary.outputs,
                metrics=tuple((figured | {**kept, **figured}).items()),
                versions=(*versions, ("mlaas4hep", mlaas4hep.__version__)),
                input_node=exported.input_node,
                output_node=exported.output_node,
                missing=model.missing,
                conversions=exported.conversions,
                not_made=exported.not_made,
                warnings=(*warnings, *failures(exported.not_made)),
            )
        )


def _kept_metrics(
    model: BlockModel | SampleModel, back: int | None, history: Sequence[RoundMetrics]
) -> RoundMetrics:
    """Return what was said of the round that the model is of, which the log tells if it went back."""
    if isinstance(model, FoldedModel):
        return model.kept_metrics()
    if back is not None and back + 1 < len(history):
        _say([f"the model is that of round {back + 1} of {len(history)}, and so are its figures"])
        return history[back]
    return history[-1] if history else {}


def _of_parts(data: TrainingData, labels: SeenLabels, job: TrainingJob) -> tuple[str, ...]:
    """Return what is odd about the parts that train, validate and test."""
    holds_out = job.params.metrics.wanted and not job.params.splitting.folds
    wanted = {"validation": job.params.split > 0, "test": holds_out}
    due = [name for name, is_wanted in wanted.items() if is_wanted]
    return data.parts.warnings(
        classifies=labels.task in OF_CLASSES,
        chunked=job.params.training == "chunked",
        due=due,
    )


def _say(warnings: Iterable[str]) -> None:
    for warning in warnings:
        print(f"mlaas4hep: {warning}", flush=True)  # noqa: T201 - stdout is the run's log


def _write_history(path: Path, history: Sequence[RoundMetrics]) -> None:
    names = sorted({name for metrics in history for name in metrics})
    series = {name: [each.get(name) for each in history] for name in names}
    path.write_bytes(wire.show(series))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files below a folder with their paths inside it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path
