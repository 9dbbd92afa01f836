"""What the training process tells its parent, in order."""

import os
from pathlib import Path

from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.core import wire
from mlaas4hep.core.models.training import ModelBuilt, RoundEnded, TrainingFinished

FAILED = "TrainingFailed"
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

    def fail(self, message: str, hint: str) -> None:
        """Say why the training cannot go on."""
        self._channel.send(FAILED, wire.dump([message[:2000], hint[:1000]]))
