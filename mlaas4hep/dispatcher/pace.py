"""How much a function bears: so many calls at once, and none for a while when it is away."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from mlaas4hep.core.backoff import backoff_s

log = logging.getLogger(__name__)

_PAUSES_S = (0.5, 10.0)
_LOOK_S = 0.5  #: between looks whether a function that was away is ready again


class Pace:
    """Calls of one function at once: fewer when it is busy, none while it is away."""

    def __init__(
        self,
        function: str,
        limit: int,
        is_ready: Callable[[], Awaitable[bool]],
        reopened: Callable[[], None],
        pauses_s: tuple[float, float] = _PAUSES_S,
    ) -> None:
        """Begin with `limit` calls; `reopened` is called when there may be calls again.

        Args:
            pauses_s: the first while it is away, and the longest.
        """
        self._function = function
        self._limit = limit
        self._bears = float(limit)
        self._is_ready = is_ready
        self._reopened = reopened
        self._pauses_s = pauses_s
        self._pauses = 0
        self._shut: asyncio.Task[None] | None = None
        self._is_stopped = False

    @property
    def places(self) -> int:
        """Return how many calls at once it bears now."""
        return int(self._bears)

    def allows(self, running: int) -> bool:
        """Tell whether there may be one call more."""
        return not self._is_stopped and self._shut is None and running < self.places

    def answered(self) -> None:
        """Take notice that the function is there."""
        self._pauses = 0

    def bore(self) -> None:
        """Take notice that a call was done: it may bear more of them."""
        self._bears = min(float(self._limit), self._bears + 1 / self._bears)

    def bears(self, calls: int) -> None:
        """Take notice that it bears that many calls and no more."""
        self._bears = max(1.0, float(calls))

    def went_away(self) -> None:
        """Allow no calls for a while, then one at a time until the function has come back."""
        if self._shut is not None or self._is_stopped:
            return
        first_s, longest_s = self._pauses_s
        pause = backoff_s(self._pauses, first_s=first_s, longest_s=longest_s)
        self._pauses += 1
        self._bears = 1.0
        log.warning("function %s is away; trying again in %.1f s", self._function, pause)
        self._shut = asyncio.create_task(self._wait(pause))

    def stop(self) -> None:
        """Allow no more calls."""
        self._is_stopped = True
        if self._shut is not None:
            self._shut.cancel()

    async def _wait(self, pause_s: float) -> None:
        """Reopen after the pause, or as soon as a function is ready that was not."""
        try:
            await self._look(time.monotonic() + pause_s)
        finally:
            self._shut = None
            self._reopened()

    async def _look(self, until: float) -> None:
        was_away = False
        while (rest_s := until - time.monotonic()) > 0:
            await asyncio.sleep(min(_LOOK_S, rest_s))
            is_ready = await self._is_ready()
            if is_ready and was_away:
                return
            was_away = not is_ready
