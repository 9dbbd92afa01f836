"""uvicorn's HTTP protocol, stricter: about heads, trailers, and what asks for another protocol."""

import asyncio
from typing import Any

from mlaas4hep.faas.server.idle import IdleEnds

MAX_HEAD_BYTES = 256 * 1024  #: of request line and headers, or of what frames a body; about
MAX_HEAD_S = 30.0
_EXPECT = len(b"expect")
_FRAMING = frozenset((b"content-length", b"transfer-encoding"))
_TOO_LARGE = b"431 Request Header Fields Too Large"
_TOO_SLOW = b"408 Request Timeout"


class LimitedHeads(IdleEnds):
    """Closes connections whose heads are too large, or do not come.

    A head that comes at once, as nearly all do, costs no timer. What frames a body (extensions of
    chunks, trailers, empty lines between requests) is limited like a head, and trailers are no
    headers: whoever passed the head on has not seen them.
    Who got an answer before all of the body came has as long for the rest as for a head: uvicorn
    waits for it without end, as soon as one more byte came.
    A request for another protocol is the last of its connection, and cannot have a body: the parser
    takes that for the next request, which whoever passed it on has not seen either.
    """

    max_head_s = MAX_HEAD_S

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_head = True
        self._has_rest = False  #: a head came, and not all of its body
        self._unread_bytes = 0  #: since a head was complete, or a piece of a body came; about
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
        """Take bytes; what is neither a complete head nor a body is counted, a head waited for."""
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._unread_bytes > MAX_HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._is_head and self._patience is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Begin another head."""
        super().on_message_begin()
        self._is_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, and no trailer."""
        if not self._is_head:
            return
        if len(name) == _EXPECT:  # the one header that uvicorn itself looks for
            super().on_header(name, value)
        else:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Go on with the body."""
        self.head_came()
        is_last = self.parser.should_upgrade()
        if is_last and any(name in _FRAMING and value != b"0" for name, value in self.headers):
            raise ValueError("a body before another protocol")  # the parser's caller answers 400
        super().on_headers_complete()
        if is_last:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self.body_came()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait no more for a body."""
        self.message_came()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the rest of a body that nobody reads."""
        super().on_response_complete()
        if self._has_rest and self._patience is None and not self.transport.is_closing():
            self._patience = self.loop.call_later(self.max_head_s, self._end)

    def head_came(self) -> None:
        """Wait no more: the head is complete."""
        self._is_head, self._has_rest, self._unread_bytes = False, True, 0
        if self._patience is not None:
            self._stop_waiting()

    def message_came(self) -> None:
        """Wait no more: head and body are complete."""
        self._has_rest = False
        if self._patience is not None:
            self._stop_waiting()

    def body_came(self) -> None:
        """Count anew: what comes is a body."""
        self._unread_bytes = 0

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.max_head_s, self._refuse, _TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _end(self) -> None:
        self._stop_waiting()
        self.transport.close()

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            head = b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status
            self.transport.write(head)
        self.transport.close()
