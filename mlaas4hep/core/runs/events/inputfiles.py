"""The events of input files whose servers are away."""

from dataclasses import dataclass

from mlaas4hep.core.runs.events.event import Event
from mlaas4hep.core.runs.inputfiles import AwaitedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAwaited(Event):
    """The server of a file is away; the event that needs it comes again."""

    type = "file.awaited"

    awaited: AwaitedFile

    def _facts(self) -> tuple[str, ...]:
        return (self.awaited.file, str(self.awaited.tries))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCame(Event):
    """A file that was waited for is there."""

    type = "file.came"

    file: str

    def _facts(self) -> tuple[str, ...]:
        return (self.file,)
