"""Events whose files are on servers that are away: brought back when their pause is over."""

import threading
import time
from collections.abc import Callable

from mlaas4hep.core.runs import patience
from mlaas4hep.core.runs.events import Event, FileAwaited, FileCame
from mlaas4hep.core.runs.inputfiles import AwaitedFile
from mlaas4hep.errors import Problem, ServiceUnavailableError
from mlaas4hep.ports import Services

_LOOK_S = 0.2  #: how soon a person who interrupts is heard


class FileWaiting:
    """The events that wait for files; `bring_back` is given each when it is time."""

    def __init__(self, services: Services, bring_back: Callable[[Event], None]) -> None:
        self._services = services
        self._bring_back = bring_back
        self._lock = threading.Lock()
        self._tries: dict[str, tuple[int, str, float]] = {}  #: of an event: failed, file, since
        self._waiting = 0

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing waits."""
        return self._waiting == 0

    def add(
        self, event: Event, error: ServiceUnavailableError, patience_s: float
    ) -> Problem | None:
        """Let an event wait and say so, or return what to tell if it has waited long enough."""
        problem, now = error.problem, time.monotonic()
        failed, _, since = self._tries.get(event.id, (0, "", now))
        tries = patience.Tries(
            failed=failed + 1,
            waited_s=now - since,
            patience_s=patience_s,
            retry_after_s=error.retry_after_s,
        )
        if tries.is_enough:
            return tries.final_problem(problem)
        with self._lock:
            self._tries[event.id] = tries.failed, problem.file, since
            self._waiting += 1
        awaited = AwaitedFile(
            file=problem.file,
            tries=tries.failed,
            most=tries.most,
            again_at=self._services.clock() + tries.pause_s,
            reason=problem.message,
        )
        news = FileAwaited(owner=event.owner, run=event.run, attempt=event.attempt, awaited=awaited)
        self._services.runs.apply([news])
        waiting = threading.Thread(
            target=self._wait, args=(event, now + tries.pause_s), daemon=True
        )
        waiting.start()
        return None

    def handled(self, event: Event) -> None:
        """Tell that a file is there, if the event had waited for one."""
        with self._lock:
            _, file, _ = self._tries.pop(event.id, (0, "", 0.0))
        if file:
            news = FileCame(owner=event.owner, run=event.run, attempt=event.attempt, file=file)
            self._services.runs.apply([news])

    def _wait(self, event: Event, until: float) -> None:
        while (left := until - time.monotonic()) > 0 and not self._services.stopping.is_asked:
            threading.Event().wait(min(left, _LOOK_S))
        self._bring_back(event)
        with self._lock:
            self._waiting -= 1
