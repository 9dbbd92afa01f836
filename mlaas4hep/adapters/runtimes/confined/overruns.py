"""Models that took too long or broke their process are shut out, for longer each time.

Of an owner whose models did so several times, those that never answered in time are shut out, too:
else somebody with many models would take a place with each of them in turn.
"""

import threading
import time
from collections.abc import Callable

from cachetools import TTLCache

from mlaas4hep.errors import ServiceUnavailableError

FIRST_S, LONGEST_S = 10.0, 3600.0
_REMEMBERED = 10_000
_OF_OWNER = 3  #: overruns of an owner's models from which on others of them are shut out


class Overruns:
    """What happened to models lately; forgotten two hours after the last time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: TTLCache[str, tuple[int, float, str]] = TTLCache(
            _REMEMBERED, 2 * LONGEST_S, timer=clock
        )
        self._owners: TTLCache[str, tuple[int, float]] = TTLCache(
            _REMEMBERED, 2 * LONGEST_S, timer=clock
        )

    def add(self, model: str, reason: str, *, is_forgiven_once: bool = False) -> None:
        """Shut a model out; an accident that is forgiven once costs nothing the first time.

        Args:
            model: its owner and version, with a slash between them.
            reason: told to who asks for it.
            is_forgiven_once: it may be bad luck.
        """
        with self._lock:
            times, _, _ = self._known.get(model, (0, 0.0, ""))
            doubled = times - 1 if is_forgiven_once else times
            now, owner = self._clock(), _owner(model)
            self._known[model] = times + 1, now + _wait_s(doubled), reason
            if doubled >= 0:
                times, _ = self._owners.get(owner, (0, 0.0))
                self._owners[owner] = times + 1, now + _wait_s(times + 1 - _OF_OWNER)

    def has(self, owner: str) -> bool:
        """Tell whether a model of an owner was shut out lately."""
        return owner in self._owners

    def check(self, model: str, *, is_proven: bool = False) -> None:
        """Raise ServiceUnavailableError with the reason if the model is shut out now.

        Args:
            model: its owner and version, with a slash between them.
            is_proven: it answered in time before; what others of its owner did does not count.
        """
        with self._lock:
            _, until, reason = self._known.get(model, (0, 0.0, ""))
            times, of_owner = self._owners.get(_owner(model), (0, 0.0))
        if not is_proven and of_owner > until:
            until, reason = of_owner, f"models of its owner were ended {times} times"
        left_s = until - self._clock()
        if left_s > 0:
            raise ServiceUnavailableError(
                f"{reason}; it is not asked again for {left_s:.0f} s",
                stage="predict",
                hint="a model that answers within its time is served at once; mend and upload it",
            )


def _owner(model: str) -> str:
    return model.partition("/")[0]


def _wait_s(doubled: int) -> float:
    """Return how long somebody is shut out who overran so often before."""
    return min(LONGEST_S, FIRST_S * 2.0**doubled) if doubled >= 0 else 0.0
