"""Checkpoints of trainings: of which run, model and data each is, and whether its bytes are whole."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.runs import files
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.pipeline.training.trainingplan import TrainingPlan
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)

_LARGEST = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is known of the stored state of a training; written after the state itself."""

    run_id: str
    attempt: int
    plan: str  #: digest of model.py, parameters, labels and data
    checksum: str  #: xxh3 of the state, and part of its key
    size_bytes: int


class Checkpoints:
    """The checkpoints of one run; there is one at a time."""

    def __init__(self, plan: TrainingPlan, attempt: int, services: Services) -> None:
        request = plan.inputs.request
        self._plan = plan
        self._attempt = attempt
        self._services = services
        self._record = files.key(request.owner, request.run, files.CHECKPOINT)
        self._folder = files.key(request.owner, request.run, files.CHECKPOINTS)
        self._digest = keys.digest(
            request.model_sha256,
            wire.dump(request.params).decode(),
            wire.dump(request.labels).decode(),
            plan.specs_key,
        )

    def store(self, state: BinaryIO) -> None:
        """Store a state of the training in place of the one before."""
        checksum = sealed.checksum(state)
        state.seek(0)
        size_bytes = self._services.runs_files.put_stream(
            f"{self._folder}{checksum}", state, _LARGEST
        )
        found = Checkpoint(
            run_id=self._plan.run_id,
            attempt=self._attempt,
            plan=self._digest,
            checksum=checksum,
            size_bytes=size_bytes,
        )
        self._services.runs_files.put(self._record, sealed.dump(found))
        self._remove(but=checksum)

    @contextmanager
    def usable(self) -> Iterator[tuple[Path | None, str]]:
        """Give the state that the training may go on from, and why there is none if it was refused.

        A state of another run, of other data, parameters or model, or with damaged bytes is
        refused: the training begins with the first round.
        """
        found = self._stored()
        if found is None:
            yield None, ""
            return
        reason = self._objection(found)
        if reason:
            yield None, reason
            return
        with self._services.runs_files.local(f"{self._folder}{found.checksum}") as path:
            with path.open("rb") as file:
                is_whole = sealed.checksum(file) == found.checksum
            if is_whole:
                yield path, ""
            else:
                yield None, "its bytes are damaged"

    def remove(self) -> None:
        """Remove what is stored; the training is done."""
        self._services.runs_files.delete(self._record)
        self._remove(but="")

    def _stored(self) -> Checkpoint | None:
        try:
            return sealed.load(Checkpoint, self._services.runs_files.get(self._record))
        except NotFoundError:
            return None
        except DamagedError as error:
            log.warning("%s cannot be read: %s", self._record, error)
            return None

    def _objection(self, found: Checkpoint) -> str:
        if found.run_id != self._plan.run_id:
            return "it belongs to another run"
        if found.attempt > self._attempt:
            return f"it is of attempt {found.attempt}"
        if found.plan != self._digest:
            return "it was made with other data, parameters or model"
        if self._services.runs_files.info(f"{self._folder}{found.checksum}") is None:
            return "its bytes are gone"
        return ""

    def _remove(self, but: str) -> None:
        for info in list(self._services.runs_files.list(self._folder)):
            if info.key != f"{self._folder}{but}":
                self._services.runs_files.delete(info.key)
