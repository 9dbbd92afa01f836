"""One training from the first chunk to the bundle, inside the confined process."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import mlaas4hep
from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.adapters.trainers.child import evaluation
from mlaas4hep.adapters.trainers.child.failure import told_by
from mlaas4hep.adapters.trainers.child.feed import ChunkFeed
from mlaas4hep.adapters.trainers.child.fitting import fit
from mlaas4hep.adapters.trainers.child.lastlook import Survey
from mlaas4hep.adapters.trainers.child.learning import Labels
from mlaas4hep.adapters.trainers.child.material import MaterialSource
from mlaas4hep.adapters.trainers.child.messages import Messages
from mlaas4hep.adapters.trainers.child.rounds import Rounds
from mlaas4hep.adapters.trainers.keras import bundle, usermodel
from mlaas4hep.adapters.trainers.keras.engine import Engine
from mlaas4hep.adapters.trainers.keras.keras2 import old_spellings
from mlaas4hep.adapters.trainers.keras.usermodel import BuiltModel
from mlaas4hep.core.models.training import ModelBuilt, TrainingFinished, TrainingJob

_VERSIONS = (
    ("tensorflow", tf.__version__),
    ("keras", keras.__version__),
    ("numpy", np.__version__),
    ("mlaas4hep", mlaas4hep.__version__),
)


class Session:
    """A process that builds one model, and trains it if asked to."""

    def __init__(
        self, *, channel: Channel, job: TrainingJob, work: Path, isolation: tuple[str, ...]
    ) -> None:
        self._job = job
        self._work = work
        self._isolation = isolation
        self._messages = Messages(channel)
        self._feed = ChunkFeed(channel)

    def check(self, build_seconds: int) -> None:
        """Build the model and tell what it is."""
        self._tell_built(self._build(build_seconds), resumed=0)

    def train(self, build_seconds: int, checkpoint_seconds: float) -> None:
        """Train from where the checkpoint stands to the end, and hand over the bundle."""
        built = self._build(build_seconds)
        labels = self._labels(built)
        source = MaterialSource(self._feed, labels, self._job.params)
        with told_by("the training", "the traceback is in the run's log"):
            engine = Engine(built, self._job.params.batch_size, labels.columns)
            rounds = Rounds(built.model, self._job, self._work, self._messages, checkpoint_seconds)
            labels.seen.update(rounds.position.labels)
            self._tell_built(built, resumed=rounds.position.rounds)
            survey = Survey(engine, self._job)
            rounds.follow(fit(engine, source, self._job, labels, rounds.position.rounds), labels)
            survey.look(source.chunks(survey.chunks))
            self._finish(built.model, labels, survey, rounds.position.history)

    def _build(self, seconds: int) -> BuiltModel:
        keras.utils.set_random_seed(self._job.params.seed)
        with old_spellings():
            return usermodel.build(self._work / "model.py", self._job.columns, seconds)

    def _labels(self, built: BuiltModel) -> Labels:
        labels = Labels(built.model.loss, built.outputs, self._job.classes)
        if self._job.labels:  # known before any entry is read
            labels.shaped(np.array(self._job.labels, np.float32))
            labels.check_seen()
        return labels

    def _tell_built(self, built: BuiltModel, resumed: int) -> None:
        self._messages.tell(
            ModelBuilt(summary=built.summary(), isolation=self._isolation, resumed=resumed)
        )

    def _finish(
        self, model: Any, labels: Labels, survey: Survey, history: tuple[dict[str, float], ...]
    ) -> None:
        figures = survey.figures(labels)
        made, plots = self._work / "bundle", self._work / "plots"
        survey.write(plots, figures, history)
        bundle.write(made, model, history, survey.sample)
        for folder in (plots, made):
            for name, path in bundle.files(folder):
                self._messages.keep(f"{folder.name}/{name}", path)
        figured = dict(evaluation.metrics(figures))
        last_round = history[-1] if history else {}
        first, last = bundle.nodes(made)
        self._messages.tell(
            TrainingFinished(
                task=labels.task,
                metrics=tuple((figured | {**last_round, **figured}).items()),
                versions=_VERSIONS,
                input_node=first,
                output_node=last,
            )
        )
