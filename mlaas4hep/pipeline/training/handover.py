"""Chunks on their way into a training: checked first; what is damaged or gone is made again.

A chunk lies in the store for days and may expire, lose bits or be changed by somebody. It is not
trained on unless its bytes are those that chunk-preprocess wrote; while another one is being made,
the training waits, and nothing else does.
"""

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mlaas4hep.core import keys
from mlaas4hep.core.data import chunk
from mlaas4hep.core.runs.events import ChunkLost, ChunkPlanned, ChunkReady, Event
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import DamagedError, NotFoundError, PermanentError
from mlaas4hep.pipeline.training.trainingplan import TrainingPlan
from mlaas4hep.ports import ObjectInfo, Services, Training

_ASK_AGAIN_S = 60.0  #: a chunk that is still not there then may never come
_MOST_TRIES = 10  #: for one chunk in a row; a store that breaks each of them is broken
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lost:
    """A chunk that is being made again."""

    seen: ObjectInfo | None  #: what lay there; something else is waited for
    asked_at: float  #: seconds since the epoch
    tries: int = 1


@dataclass(slots=True, kw_only=True)
class Handover:
    """Gives the chunks of one training to it."""

    event: ChunkReady
    services: Services
    plan: TrainingPlan
    training: Training
    lost: dict[int, _Lost] = field(default_factory=dict)

    def give(self, index: int) -> DamagedError | NotFoundError | None:
        """Give a chunk that is ready; return why it cannot be given, if so."""
        content = self.plan.chunk_content(index)
        key = keys.chunk(self.event.owner, content)
        try:
            with self.services.chunks.local(key) as path:
                _check(path, content)
                self.training.give_chunk(path)
        except (DamagedError, NotFoundError) as error:
            return error
        self.lost.pop(index, None)
        return None

    def is_awaited(self, index: int) -> bool:
        """Tell whether a chunk was asked for and lies there as it was; after a while, ask again."""
        lost = self.lost.get(index)
        if lost is None or not 0 <= self.services.clock() - lost.asked_at <= _ASK_AGAIN_S:
            return False  # less than 0: the clock was put back
        found = self._info(index)
        return found is None or found == lost.seen

    def ask_for(self, index: int, reason: str, run: Run) -> Iterator[Event]:
        """Yield the news that a chunk is lost, and what makes another one.

        Raises:
            PermanentError: it was lost too often.
        """
        before = self.lost.get(index)
        tries = before.tries + 1 if before else 1
        if tries > _MOST_TRIES:
            raise PermanentError(
                f"chunk {index} was made {_MOST_TRIES} times and is never what it should be: {reason}",
                hint="an operator should look at the disks of the bucket chunks",
            )
        self.lost[index] = _Lost(
            seen=self._info(index), asked_at=self.services.clock(), tries=tries
        )
        log.warning("%s: chunk %d is made again: %s", self.event.id, index, reason)
        yield ChunkLost(
            owner=run.owner,
            run=run.name,
            attempt=run.attempt,
            index=index,
            reason=reason,
            lost=run.lost + 1,
        )
        yield ChunkPlanned(
            owner=run.owner,
            run=run.name,
            attempt=run.attempt,
            index=index,
            specs=self.plan.specs_key,
            again=uuid.uuid4().hex,
        )

    def _info(self, index: int) -> ObjectInfo | None:
        key = keys.chunk(self.event.owner, self.plan.chunk_content(index))
        return self.services.chunks.info(key)


def _check(path: Path, content: str) -> None:
    """Refuse a file that is not the chunk of this content.

    Raises:
        DamagedError: the message says what is wrong.
    """
    if path.stat().st_size == 0:
        raise DamagedError("0 bytes are not a chunk")
    chunk.check(np.memmap(path, np.uint8, "r"), content)
