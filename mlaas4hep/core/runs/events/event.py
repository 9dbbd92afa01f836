"""What all events have: whose run they are about, an id, and perhaps somebody they are sent to."""

from dataclasses import dataclass
from typing import ClassVar

SUBJECTS = ("mlaas.specs", "mlaas.chunk-preprocess", "mlaas.train", "mlaas.predict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact about one attempt at one run."""

    type: ClassVar[str]
    subject: ClassVar[str | None] = None  #: None: written into the run, sent to nobody
    task: ClassVar[str] = "training"  #: of the runs that have it: `Run.task`

    owner: str
    run: str
    attempt: int = 1  #: grows when a person restarts the run, so that ids differ

    @property
    def id(self) -> str:
        """Return the same text for the same fact."""
        return "/".join((self.owner, self.run, str(self.attempt), *self._facts(), self.type))

    @property
    def sent_to(self) -> str | None:
        """Return the subject that this event is published to, or None."""
        return self.subject

    def _facts(self) -> tuple[str, ...]:
        return ()
