"""What the training process tells its parent, in order."""

import os
from pathlib import Path

from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.core import wire
from mlaas4hep.core.models.training import (
    EntryOfChunk,
    ModelBuilt,
    RoundEnded,
    TrainingFailed,
    TrainingFinished,
)

FILE = "FileMade"


class Messages:
    """The sending side of the channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def tell(self, report: ModelBuilt | RoundEnded | TrainingFinished) -> None:
        """Send a report."""
        self._channel.send(type(report).__name__, wire.dump(report))

    def keep(self, name: str, path: Path) -> None:
        """Hand a finished file over, to be kept under `name`."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            self._channel.send(FILE, name.encode(), descriptor)
        finally:
            os.close(descriptor)

    def fail(
        self, message: str, hint: str, entry: EntryOfChunk | None = None, branch: str = ""
    ) -> None:
        """Say why the training cannot go on; see `TrainingFailed`."""
        told = TrainingFailed(
            message=message[:2000], hint=hint[:1000], entry=entry, branch=branch[:1000]
        )
        self._channel.send(TrainingFailed.__name__, wire.dump(told))
