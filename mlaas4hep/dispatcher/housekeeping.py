"""The store kept in order: lost run records, what ended runs left, uploads that nobody finished."""

import logging
import time
from collections.abc import Callable, Iterable
from heapq import nlargest

from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.dispatcher.patrol import Patrol
from mlaas4hep.pipeline.tidying import forget_attempts, tidy
from mlaas4hep.ports import Services
from mlaas4hep.usecases.storekeeping.abandoned import remove_abandoned
from mlaas4hep.usecases.storekeeping.rebuild import rebuild

log = logging.getLogger(__name__)

ENDED_S = 20.0  #: a step that ended its run cleans up itself within that
RESTARTED_S = 7 * 24 * 3600.0  #: a run that failed or was cancelled goes on where it was until then
_A_DAY_S = 24 * 3600.0
_AT_ONCE = 200  #: runs in one sweep, the newest first: a new dispatcher looks at all of them

_Who = tuple[str, str]  #: owner and name of a run
_Look = tuple[float, bool]  #: its last change when it was looked at, and whether it was old


class Housekeeping:
    """Remembers which runs it has looked at; used by one thread at a time."""

    def __init__(self, services: Services, steady: Callable[[], float] = time.monotonic) -> None:
        """Keep the stores of `services`; `steady` is a clock that only goes forward."""
        self._services = services
        self._looked: dict[_Who, _Look] = {}
        self._known: set[_Who] | None = None  #: None: nobody has looked yet
        self._patrol = Patrol(services.runs_files, steady)
        self._unreadable: set[tuple[str, str]] = set()  #: keys and etags of records
        self._searched_at = 0.0

    def rebuild(self, runs: Iterable[Run]) -> set[str]:
        """Write the records of runs that the book has lost; return their `owner/name`.

        All records in the store are looked at the first time, and when `runs` misses one that it
        had; else some of them each time, for a run may come and be lost between two calls.

        Raises:
            ServiceUnavailableError: the store is away; the next call looks at the same again.
        """
        now = {(run.owner, run.name) for run in runs}
        before = self._known
        if before is None or any(self._is_stored(*each) for each in before - now):
            made = rebuild(self._services)
        else:
            made = self._patrolled(now)
        self._known = now
        if made:
            log.warning("the run book had lost %d runs: they are rebuilt", len(made))
        return set(made)

    def _patrolled(self, known: set[_Who]) -> list[str]:
        """Write some of the records that the book lacks; return `owner/name` of those."""
        lost = [
            info
            for info in self._patrol.look(hurries=not known)
            if files.run_of(info.key) not in known and (info.key, info.etag) not in self._unreadable
        ]
        made = rebuild(self._services, lost) if lost else []
        self._unreadable |= {
            (info.key, info.etag)
            for info in lost
            if info.key.removesuffix(f"/{files.RUN}") not in made
        }
        return made

    def _is_stored(self, owner: str, name: str) -> bool:
        """Tell whether nobody has deleted a run."""
        return self._services.runs_files.info(files.key(owner, name, files.RUN)) is not None

    def tidy(self, runs: Iterable[Run], now: float) -> int:
        """Remove what ended runs and broken uploads left; return how many objects."""
        removed = 0
        ended = {
            (run.owner, run.name): run
            for run in runs
            if run.is_final and now - run.updated_at >= ENDED_S
        }
        looked = self._looked
        self._looked = {who: looked[who] for who in ended if who in looked}
        news = [run for who, run in ended.items() if self._looked.get(who) != _look(run, now)]
        for run in nlargest(_AT_ONCE, news, key=lambda run: run.updated_at):
            removed += self._tidy(run, now)
            self._looked[run.owner, run.name] = _look(run, now)
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
    return run.updated_at, _is_old(run, now)


def _is_old(run: Run, now: float) -> bool:
    return run.status is not Status.DONE and now - run.updated_at > RESTARTED_S
