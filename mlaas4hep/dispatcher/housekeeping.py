"""The store kept in order: lost run records, what ended runs left, uploads that nobody finished."""

import logging
from collections.abc import Iterable

from cachetools import LRUCache

from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.pipeline.tidying import forget_attempts, tidy
from mlaas4hep.ports import Services
from mlaas4hep.usecases.storekeeping.abandoned import remove_abandoned
from mlaas4hep.usecases.storekeeping.rebuild import rebuild

log = logging.getLogger(__name__)

ENDED_S = 20.0  #: a step that ended its run cleans up itself within that
RESTARTED_S = 7 * 24 * 3600.0  #: a run that failed or was cancelled goes on where it was until then
_A_DAY_S = 24 * 3600.0
_AT_ONCE = 200  #: runs in one sweep, the newest first: a new dispatcher looks at all of them
_REMEMBERED = 100_000

_Look = tuple[str, str, float, bool]  #: owner and name of a run, its last change, whether it is old


class Housekeeping:
    """Remembers which runs it has looked at; used by one thread at a time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._looked: LRUCache[_Look, None] = LRUCache(_REMEMBERED)
        self._known: set[tuple[str, str]] | None = None  #: None: nobody has looked yet
        self._searched_at = 0.0

    def rebuild(self, runs: Iterable[Run]) -> set[str]:
        """Write the records of runs that the book has lost; return their `owner/name`.

        The first time all records in the store are looked at, later those that `runs` misses.

        Raises:
            ServiceUnavailableError: the store is away; the next call looks at the same again.
        """
        now = {(run.owner, run.name) for run in runs}
        before = self._known
        lost = not now or before is None or any(self._is_stored(*each) for each in before - now)
        made = rebuild(self._services) if lost else []
        self._known = now
        if made:
            log.warning("the run book had lost %d runs: they are rebuilt", len(made))
        return set(made)

    def _is_stored(self, owner: str, name: str) -> bool:
        """Tell whether nobody has deleted a run."""
        return self._services.runs_files.info(files.key(owner, name, files.RUN)) is not None

    def tidy(self, runs: Iterable[Run], now: float) -> int:
        """Remove what ended runs and broken uploads left; return how many objects."""
        removed = 0
        ended = [run for run in runs if run.is_final and now - run.updated_at >= ENDED_S]
        news = [run for run in ended if _look(run, now) not in self._looked]
        for run in sorted(news, key=lambda run: -run.updated_at)[:_AT_ONCE]:
            removed += self._tidy(run, now)
            self._looked[_look(run, now)] = None
        if ended and now - self._searched_at > _A_DAY_S:
            self._searched_at = now
            removed += remove_abandoned(self._services, before=now - _A_DAY_S)
        return removed

    def _tidy(self, run: Run, now: float) -> int:
        removed = tidy(run, self._services)
        if _is_old(run, now):
            removed += forget_attempts(run, self._services)
        if removed:
            log.warning("run %s/%s had left %d objects", run.owner, run.name, removed)
        return removed


def _look(run: Run, now: float) -> _Look:
    return run.owner, run.name, run.updated_at, _is_old(run, now)


def _is_old(run: Run, now: float) -> bool:
    return run.status is not Status.DONE and now - run.updated_at > RESTARTED_S
