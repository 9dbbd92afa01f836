"""`Trainer` in this process, for tests and for machines without TensorFlow.

It learns nothing but the mean of the labels and runs no model.py, but asks, reports, keeps and
resumes exactly as `adapters.sandbox.Sandbox` does.
"""

import io
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlaas4hep.core.data.chunk import decode
from mlaas4hep.core.models.training import (
    ChunkWanted,
    FileMade,
    ModelBuilt,
    ModelSummary,
    RoundEnded,
    TrainingFinished,
    TrainingJob,
    TrainingReport,
)
from mlaas4hep.errors import PermanentError
from mlaas4hep.ports import Training

ISOLATION = ("none: model.py is not run",)


class MemoryTrainer:
    """Starts trainings that take no time."""

    def prepare(self, job: TrainingJob, model_py: bytes) -> None:
        """Do nothing: there is nothing to import."""

    @contextmanager
    def start(
        self,
        job: TrainingJob,
        model_py: bytes,
        checkpoint: Path | None = None,
        beside: bytes = b"",  # noqa: ARG002 - nothing is run
    ) -> Iterator[Training]:
        """Start a training that goes on whenever it is asked for a report."""
        done = 0 if checkpoint is None else int(json.loads(checkpoint.read_bytes()))
        yield _MemoryTraining(job, model_py, done)

    def check(
        self,
        model_py: bytes,
        job: TrainingJob,
        beside: bytes = b"",  # noqa: ARG002 - nothing is run
    ) -> ModelSummary:
        """Describe the only model there is."""
        if b"def model" not in model_py:
            raise PermanentError("model.py has no function `model`", stage="train", file="model.py")
        return ModelSummary(
            parameters=1,
            layers=("mean",),
            input_width=job.columns,
            output_shape=(1,),
            loss="mean_squared_error",
            task="regression",
        )


class _MemoryTraining:
    """`ports.Training`."""

    def __init__(self, job: TrainingJob, model_py: bytes, done: int) -> None:
        self._job = job
        self._summary = MemoryTrainer().check(model_py, job)
        self._done = done
        self._chunks: deque[float] = deque()
        self._reports = self._life()

    def report(self, timeout_s: float) -> TrainingReport | None:  # noqa: ARG002 - it never lasts
        return next(self._reports)

    def give_chunk(self, path: Path) -> None:
        self._chunks.append(float(decode(path.read_bytes()).y.mean()))

    def log(self) -> bytes:
        return f"{self._job.name}: {self._done} rounds\n".encode()

    def _life(self) -> Iterator[TrainingReport | None]:
        yield ModelBuilt(
            summary=self._summary,
            isolation=ISOLATION,
            rounds=self._job.rounds,
            resumed=self._done,
        )
        mean = 0.0
        while self._done < self._job.rounds:
            for index in self._needed(self._done):
                yield ChunkWanted(index=index)
                while not self._chunks:
                    yield None
                mean = self._chunks.popleft()
            ended = RoundEnded(round=self._done, metrics=(("loss", mean * (1 - mean)),))
            self._done += 1
            yield FileMade(name="checkpoint", file=io.BytesIO(str(self._done).encode()))
            yield ended
        yield FileMade(name="bundle/mean.json", file=io.BytesIO(json.dumps(mean).encode()))
        yield TrainingFinished(task="regression", metrics=(("mean", mean),), versions=())

    def _needed(self, number: int) -> range:
        if self._job.params.training == "standard":
            return range(self._job.chunks)
        chunk = number // self._job.params.epochs
        return range(chunk, chunk + 1)
