"""uvicorn's HTTP protocol with two limits that it lacks: how large a head is, and how long it takes."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 256 * 1024  #: request line and headers together, about
MAX_HEAD_S = 30.0
_TOO_LARGE = b"431 Request Header Fields Too Large"
_TOO_SLOW = b"408 Request Timeout"


class LimitedHeads(HttpToolsProtocol):
    """Closes connections whose heads are too large, or do not come.

    A head that comes at once, as nearly all do, costs no timer.
    """

    max_head_s = MAX_HEAD_S

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_head = True
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that is not complete yet is counted and waited for."""
        super().data_received(data)
        if not self._is_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._patience is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Begin another head."""
        super().on_message_begin()
        self._is_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Go on with the body."""
        self.head_came()
        super().on_headers_complete()

    def head_came(self) -> None:
        """Wait no more: the head is complete."""
        self._is_head = False
        self._stop_waiting()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.max_head_s, self._refuse, _TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            head = b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status
            self.transport.write(head)
        self.transport.close()
