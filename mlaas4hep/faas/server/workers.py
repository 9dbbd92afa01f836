"""Several processes that serve one function: copies of the one that starts them, at the same port."""

import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from mlaas4hep.adapters.confinement.prctl import die_with_parent
from mlaas4hep.settings import SettingsError

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_DEATHS, _WITHIN_S = 3, 60.0  #: so many in so short a time: starting another one does not help
_AS_TOLD = (0, -signal.SIGTERM)  #: the signal itself ends a worker that does not serve yet

Work = Callable[[int], bool]  #: serves as worker number n until a signal comes; whether it could


def run(count: int, work: Work) -> bool:
    """Let `count` processes work until SIGTERM or SIGINT; tell whether they could.

    One that dies is replaced. No thread may run when this is called: the process is copied.
    """
    workers = _Workers(work)
    before = {number: signal.signal(number, workers.stop) for number in _SIGNALS}
    try:
        for number in range(count):
            workers.start(number)
        return workers.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Workers:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._numbers: dict[int, int] = {}  #: by process
        self._deaths: deque[float] = deque(maxlen=_DEATHS)
        self._is_stopping = False
        self._is_well = True

    def start(self, number: int) -> None:
        """Start a worker unless all are to end; a signal that comes meanwhile reaches it, too."""
        if self._is_stopping:
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                self._be(number, parent)
            self._numbers[pid] = number
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def stop(self, *_signal: object) -> None:
        """Tell all workers to end."""
        self._is_stopping = True
        for pid in self._numbers:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGTERM)

    def wait(self) -> bool:
        """Wait for all workers, and replace those that die; tell whether all ended as told."""
        while self._numbers:
            pid, status = os.wait()
            number = self._numbers.pop(pid, None)
            if number is None:  # the first process of a container inherits those of others
                continue
            code = os.waitstatus_to_exitcode(status)
            if self._is_stopping:
                self._is_well &= code in _AS_TOLD
            else:
                self._replace(number, code)
        return self._is_well

    def _replace(self, number: int, code: int) -> None:
        now = time.monotonic()
        self._deaths.append(now)
        if len(self._deaths) == _DEATHS and now - self._deaths[0] < _WITHIN_S:
            log.error("%d workers have died, the last with code %d: giving up", _DEATHS, code)
            self._is_well = False
            self.stop()
        else:
            log.error("worker %d has died with code %d: another one starts", number, code)
            self.start(number)

    def _be(self, number: int, parent: int) -> None:
        """Work as the copy, and never return."""
        code = 1
        try:
            for each in _SIGNALS:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            die_with_parent(parent)
            code = 0 if self._work(number) else 1
        except SettingsError as error:
            log.error("worker %d cannot start: %s", number, error)  # noqa: TRY400 - no bug of ours
        except Exception:
            log.exception("worker %d has died", number)
        finally:
            logging.shutdown()
            os._exit(code)
