"""Models that took too long or broke their process are shut out, for longer each time."""

import threading
import time
from collections.abc import Callable

from cachetools import TTLCache

from mlaas4hep.errors import ServiceUnavailableError

FIRST_S, LONGEST_S = 10.0, 3600.0
_REMEMBERED = 10_000


class Overruns:
    """What happened to models lately; forgotten two hours after the last time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: TTLCache[str, tuple[int, float, str]] = TTLCache(
            _REMEMBERED, 2 * LONGEST_S, timer=clock
        )

    def add(self, model: str, reason: str, *, is_forgiven_once: bool = False) -> None:
        """Shut a model out; an accident that is forgiven once costs nothing the first time."""
        with self._lock:
            times, _, _ = self._known.get(model, (0, 0.0, ""))
            doubled = times - 1 if is_forgiven_once else times
            wait_s = min(LONGEST_S, FIRST_S * 2.0**doubled) if doubled >= 0 else 0.0
            self._known[model] = times + 1, self._clock() + wait_s, reason

    def check(self, model: str) -> None:
        """Raise ServiceUnavailableError with the reason if the model is shut out now."""
        with self._lock:
            _, until, reason = self._known.get(model, (0, 0.0, ""))
        left_s = until - self._clock()
        if left_s > 0:
            raise ServiceUnavailableError(
                f"{reason}; it is not asked again for {left_s:.0f} s",
                stage="predict",
                hint="a model that answers within its time is served at once; mend and upload it",
            )
