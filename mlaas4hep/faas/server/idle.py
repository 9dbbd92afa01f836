"""Connections that ask nothing any more end, by one timer each that moves when it rings.

uvicorn makes a timer for each answer and takes it back with the next request, which costs more than
writing the answer.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class IdleEnds(HttpToolsProtocol):
    """Ends after `timeout_keep_alive` seconds without a request."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._came_at = 0.0  #: a request that was answered at once

    def came(self) -> None:
        """Note that a request came that the parser does not see."""
        self._came_at = self.loop.time()

    def answered(self) -> None:
        """Count an answer that was written at once, and wait for the next request."""
        self.server_state.total_requests += 1
        if self.timeout_keep_alive_task is None:
            self._wait_for_request(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """End, unless a request came since the timer was set."""
        left_s = self._came_at + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._wait_for_request(left_s)
        else:
            super().timeout_keep_alive_handler()

    def _wait_for_request(self, timeout_s: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            timeout_s, self.timeout_keep_alive_handler
        )
