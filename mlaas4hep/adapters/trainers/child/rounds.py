"""Rounds as they end: a checkpoint first, then the news."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mlaas4hep.adapters.trainers.child import checkpoint
from mlaas4hep.adapters.trainers.child.checkpoint import Position
from mlaas4hep.adapters.trainers.child.fitting import total_rounds
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.messages import Messages
from mlaas4hep.adapters.trainers.framework import BlockModel, RoundMetrics, SampleModel
from mlaas4hep.core import wire
from mlaas4hep.core.models.training import RoundEnded, TrainingJob


class Rounds:
    """Keeps the position of a training, in memory and in checkpoints.

    Rounds that end within `every_s` of the last checkpoint share the next one: a kill costs at
    most that time (or one round), and a thousand tiny rounds do not mean a thousand files.
    """

    def __init__(
        self,
        model: BlockModel | SampleModel,
        job: TrainingJob,
        work: Path,
        messages: Messages,
        every_s: float,
    ) -> None:
        self._model = model
        self._total = total_rounds(model, job)
        self._path = work / "checkpoint"
        self._new = work / "checkpoint.npz"
        self._messages = messages
        self._every_s = every_s
        self._fingerprint = wire.dump([job.params, job.columns, job.chunks]).decode()
        self._untold: list[RoundEnded] = []
        self._saved_at = time.monotonic()
        self.position = self._restored()

    def follow(self, rounds: Iterator[RoundMetrics], labels: SeenLabels) -> None:
        """Let the rounds happen, save and tell them."""
        if self.position.ended:
            return
        for metrics in rounds:
            number = self.position.rounds
            self.position = Position(
                rounds=number + 1,
                history=(*self.position.history, metrics),
                labels=labels.seen,
                ended=number + 1 == self._total,
            )
            self._untold.append(RoundEnded(round=number, metrics=tuple(metrics.items())))
            if self.position.ended or time.monotonic() - self._saved_at >= self._every_s:
                self._save()
        if not self.position.ended:  # it stopped early
            self.position = replace(self.position, ended=True)
            self._save()

    def _save(self) -> None:
        checkpoint.save(self._new, self._model, self.position, self._fingerprint)
        self._messages.keep("checkpoint", self._new)
        self._new.unlink()  # the parent holds it open
        for ended in self._untold:
            self._messages.tell(ended)
        self._untold.clear()
        self._saved_at = time.monotonic()

    def _restored(self) -> Position:
        return checkpoint.restore(self._path, self._model, self._fingerprint) or Position()
