"""Rounds as they end: a checkpoint first, then the news."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.trainers.child.learning import Labels
from mlaas4hep.adapters.trainers.child.messages import Messages
from mlaas4hep.adapters.trainers.keras import checkpoint
from mlaas4hep.adapters.trainers.keras.checkpoint import Position
from mlaas4hep.core import wire
from mlaas4hep.core.models.training import RoundEnded, TrainingJob


class Rounds:
    """Keeps the position of a training, in memory and in checkpoints.

    Rounds that end within `every_s` of the last checkpoint share the next one: a kill costs at
    most that time (or one round), and a thousand tiny rounds do not mean a thousand files.
    """

    def __init__(
        self, model: Any, job: TrainingJob, work: Path, messages: Messages, every_s: float
    ) -> None:
        self._model = model
        self._rounds = job.rounds
        self._path = work / "checkpoint"
        self._new = work / "checkpoint.npz"
        self._messages = messages
        self._every_s = every_s
        self._fingerprint = wire.dump([job.params, job.columns, job.chunks]).decode()
        self._untold: list[RoundEnded] = []
        self._saved_at = time.monotonic()
        self.position = self._restored()

    def follow(self, rounds: Iterator[dict[str, float]], labels: Labels) -> None:
        """Let the rounds happen, save and tell them."""
        for metrics in rounds:
            number = self.position.rounds
            self.position = Position(
                rounds=number + 1,
                history=(*self.position.history, metrics),
                labels=tuple(sorted(labels.seen)),
            )
            self._untold.append(RoundEnded(round=number, metrics=tuple(metrics.items())))
            is_last = self.position.rounds == self._rounds
            if is_last or time.monotonic() - self._saved_at >= self._every_s:
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
        self._model.optimizer.build(self._model.trainable_variables)
        found = checkpoint.restore(self._path, self._model, self._fingerprint)
        return found or Position()
