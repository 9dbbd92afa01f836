"""Long reading that ends early when its run is no longer wanted, or this process is to stop."""

from collections.abc import Iterable, Iterator

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import NotFoundError
from mlaas4hep.pipeline.sourcearound import SourceAround
from mlaas4hep.ports import Services

_LOOK_S = 1.0


class RunOverError(Exception):
    """Nobody wants the result any more; no failure of anybody."""


def is_wanted(run: Run, event: Event) -> bool:
    """Tell whether a run still waits for what `event` starts."""
    return not run.is_final and run.attempt == event.attempt


def check_wanted(event: Event, services: Services) -> None:
    """Stop work that nobody waits for any more.

    Raises:
        RunOverError: the run is over, in another attempt, or deleted.
    """
    try:
        run = services.runs.get(event.owner, event.run)
    except NotFoundError:
        raise RunOverError from None
    if not is_wanted(run, event):
        raise RunOverError


class AttentiveSource(SourceAround):
    """A data source that stops reading for a run that is over, within a second or a block."""

    def __init__(self, event: Event, services: Services) -> None:
        super().__init__(services.source)
        self._event = event
        self._services = services
        self._looked_at = services.clock()

    def read(
        self, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Read as the source does.

        Raises:
            RunOverError: the run is over meanwhile.
            StoppingError: this process is told to end.
        """
        for block in super().read(survey, branches, start, stop):
            self._look()
            yield block

    def _look(self) -> None:
        self._services.stopping.check()
        now = self._services.clock()
        if 0 <= now - self._looked_at < _LOOK_S:  # less than 0: the clock was put back
            return
        self._looked_at = now
        check_wanted(self._event, self._services)
