"""Training somebody's model where it can do no harm."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever uses a port loads its values; most functions use few
    from mlaas4hep.core.models.training import ModelSummary, TrainingJob, TrainingReport


class Training(Protocol):
    """One training under way in a process of its own."""

    def report(self, timeout_s: float) -> TrainingReport | None:
        """Return the next report, or None when none came in time.

        Raises:
            PermanentError: the training cannot go on; the message says why and what to do.
            ServiceUnavailableError: the process was killed from outside; a new one may resume.
        """

    def give_chunk(self, path: Path) -> None:
        """Hand over the chunk that was asked for first; the file may go away afterwards."""

    def log(self) -> bytes:
        """Return what model.py printed so far, shortened in the middle when it is long."""


class Trainer(Protocol):
    """Runs somebody's model.py where it can do no harm."""

    def prepare(self, job: TrainingJob, model_py: bytes) -> None:
        """Begin with what takes a while before a training, such as importing its framework.

        It returns at once; a training that is never started costs nothing but that.
        """

    def start(
        self,
        job: TrainingJob,
        model_py: bytes,
        checkpoint: Path | None = None,
        beside: bytes = b"",
    ) -> AbstractContextManager[Training]:
        """Start a training; its process ends with the context at the latest.

        Args:
            job: what is to be done.
            model_py: somebody's program.
            checkpoint: state to go on from.
            beside: a zip of the files that model.py may import and read; empty: none.
        """

    def check(self, model_py: bytes, job: TrainingJob, beside: bytes = b"") -> ModelSummary:
        """Build the model without training it; PermanentError as `Training.report` raises."""
