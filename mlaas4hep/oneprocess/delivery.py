"""The whole pipeline in this process: events of the memory bus go to their steps until it is quiet.

It behaves as NATS, dispatcher and functions do together: steps of different functions run at the
same time, what a step cannot do now is done later, and an error ends the run.
"""

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from mlaas4hep.adapters.memory import MemoryBus
from mlaas4hep.core.runs.events import SUBJECTS, Event
from mlaas4hep.core.runs.missing import next_events
from mlaas4hep.errors import PermanentError, Problem, ServiceUnavailableError, StrangeEventError
from mlaas4hep.oneprocess.waiting import FileWaiting
from mlaas4hep.pipeline.reactions import Step, failure, react, stage
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)

MAX_DELIVER = 5
CONCURRENCY = 2  #: events of one function at once


def drain(
    services: Services,
    reactions: Mapping[type[Event], Step],
    deliveries: int = 1,
    file_patience_s: float = 0.0,
) -> None:
    """Deliver the memory bus's events, `deliveries` times each, until nothing is left to do.

    Args:
        services: of this process.
        reactions: which step each event wakes; others wake nothing.
        deliveries: of each event.
        file_patience_s: how long the server of a file may be away, unless the run says so.
    """
    with ExitStack() as stack:
        pools = {
            subject: stack.enter_context(
                ThreadPoolExecutor(CONCURRENCY, thread_name_prefix=subject)
            )
            for subject in SUBJECTS
        }
        _Delivery(services, reactions, pools, file_patience_s).until_quiet(deliveries)


class _Delivery:
    """The events that are on their way in one `drain`."""

    def __init__(
        self,
        services: Services,
        reactions: Mapping[type[Event], Step],
        pools: Mapping[str, ThreadPoolExecutor],
        file_patience_s: float,
    ) -> None:
        if not isinstance(services.bus, MemoryBus):
            raise TypeError("only the events of a MemoryBus can be delivered in this process")
        self._services = services
        self._bus = services.bus
        self._reactions = reactions
        self._pools = pools
        self._file_patience_s = file_patience_s
        self._files = FileWaiting(services, self._bus.redeliver)
        self._lock = threading.Lock()
        self._running = 0
        self._postponed: list[Event] = []
        self._in_vain: Counter[str] = Counter()

    def until_quiet(self, deliveries: int) -> None:
        repeated: set[str] = set()
        while event := self._bus.next(idle=self._is_idle):
            if event.id not in repeated:
                repeated.add(event.id)
                for _ in range(deliveries - 1):
                    self._bus.redeliver(event)
            self._start(event)

    def _is_idle(self) -> bool:
        return self._running == 0 and self._files.is_empty

    def _start(self, event: Event) -> None:
        with self._lock:
            self._running += 1
        self._pools[event.subject or ""].submit(self._handle, event).add_done_callback(self._ended)

    def _handle(self, event: Event) -> bool:
        """Do the step, and tell whether it came to an end: False, if it has to be done later."""
        step = self._reactions.get(type(event))
        if step is None:
            return True
        try:
            react(event, step, self._services)
        except StrangeEventError as error:
            log.warning("%s: %s", event.id, error)
        except PermanentError as error:
            self._fail(event, error.problem)
        except ServiceUnavailableError as error:
            return self._later(event, error)
        except Exception as error:
            log.exception("%s: unexpected error", event.id)
            message = f"{type(error).__name__}: {error}"
            self._fail(event, Problem(code="internal_error", message=message, stage=stage(event)))
        self._files.handled(event)
        return True

    def _later(self, event: Event, error: ServiceUnavailableError) -> bool:
        run = self._services.runs.get(event.owner, event.run)
        patience_s = run.patience_s or self._file_patience_s
        if not error.problem.file or not patience_s:
            return self._postpone(event, error.problem)
        problem = self._files.add(event, error, patience_s)
        if problem is not None:
            self._fail(event, problem)
        return True

    def _postpone(self, event: Event, problem: Problem) -> bool:
        with self._lock:
            if self._running == 1:
                self._in_vain[event.id] += 1
            if self._in_vain[event.id] < MAX_DELIVER:
                self._postponed.append(event)
                return False
        self._fail(event, problem)
        return True

    def _fail(self, event: Event, problem: Problem) -> None:
        log.warning("%s: %s", event.id, problem.message)
        run = self._services.runs.apply([failure(event, problem)])
        if run is not None and run.attempt != event.attempt:  # it goes on without a file
            self._services.bus.publish(next_events(run))

    def _ended(self, handled: "Future[bool]") -> None:
        """Bring back what was postponed, when something has changed or nothing else is running."""
        with self._lock:
            if handled.exception() is not None or handled.result() or self._running == 1:
                for event in self._postponed:
                    self._bus.redeliver(event)
                self._postponed.clear()
            self._running -= 1
        self._bus.wake()
