"""One connection: a request that came whole and is answered at once takes the short way.

An app may have `prompt`, a plain function that answers some requests without waiting for anything.
A request is offered to it, with all others of its turn (see `turn`), when the parser has read its
last byte, and the answer is written there and then: no scope, no task. of-watchdog sends head and
body apart, so that a short body is waited for a moment. Everything else, and whatever `prompt`
declines, goes the general way, through ASGI as uvicorn does it.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mlaas4hep.faas.server.heads import LimitedHeads
from mlaas4hep.faas.server.turn import Header, PromptAnswer, Request, turn_of

MAX_CONNECTIONS = 4096  #: at once; further ones are closed

WAITED_BYTES = 16 * 1024  #: of a body that did not come at once; longer ones go the general way
LONG_TARGET_BYTES = 8 * 1024  #: longer ones go the general way, which refuses some of them
MAX_AT_ONCE = 16  #: requests of one read; the event loop sees to others before the next ones


class Connection(LimitedHeads):
    """Keeps a request back until it is whole, or does not come soon."""

    waited_s = 0.01  #: for the rest of a short body
    _common: tuple[list[Header], bytes] = ([], b"")  #: headers of all answers, and as they are sent

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._turn = turn_of(self.server_state, self.loop, getattr(self.app, "prompt", None))
        self._kept: list[bytes] | None = None  #: pieces of the body of a request that is kept back
        self._is_asked = False  #: it is whole, and waits for the end of the turn
        self._rest: asyncio.TimerHandle | None = None  #: gives up waiting for the others
        self._at_once = 0  #: requests of this read that were answered at once

    def connection_made(self, transport: Any) -> None:
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was kept back."""
        self._kept_back()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End after the request that has begun."""
        self._end_turn()
        if self._kept is not None:
            self._go_on()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that is not complete after them is waited for, if it is short."""
        self._at_once = 0
        super().data_received(data)
        if self._kept is None or self._is_asked:
            return
        if self.transport.is_closing():  # what came is no HTTP
            self._kept_back()
        elif sum(map(len, self._kept)) > WAITED_BYTES:
            self._go_on()
        elif self._rest is None:
            self._rest = self.loop.call_later(self.waited_s, self._go_on)

    def send_400_response(self, msg: str) -> None:
        """Say that what came is no HTTP, after the answer to what came before."""
        self._end_turn()
        super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """Begin another request, after the answer to the one before."""
        if self._is_asked:
            self._end_turn()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Keep back what may be answered at once."""
        if self._turn is None or not self._may_be_prompt():
            super().on_headers_complete()
            return
        self.head_came()
        self._kept = []

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._kept is None:
            super().on_body(body)
        else:
            self.body_came()
            self._kept.append(body)

    def on_message_complete(self) -> None:
        """Ask for an answer at the end of this turn, or let the general way answer."""
        self.message_came()
        if self._kept is None or self._turn is None:
            super().on_message_complete()
            return
        if self._rest is not None:
            self._stop_waiting_for_rest()
        self._is_asked = True
        body = self._kept[0] if len(self._kept) == 1 else b"".join(self._kept)
        request = Request(self.url, self.headers, body)
        self._turn.add(self, request, is_alone=len(self.connections) == 1)

    def hear(self, answer: PromptAnswer | None) -> None:
        """Answer, or let the general way answer."""
        if not self._is_asked:  # the connection is gone
            return
        if answer is None:
            self._go_on()
            super().on_message_complete()
        else:
            self._kept, self._is_asked = None, False
            self._respond(answer)

    def give_up(self) -> None:
        """Close the connection: an answer to nothing would be taken for one to the next request."""
        self._kept_back()
        self.transport.close()

    def _end_turn(self) -> None:
        """See to it that the request before is answered, or goes the general way."""
        if self._is_asked and self._turn is not None:
            self._turn.end()

    def _may_be_prompt(self) -> bool:
        """Tell whether an answer may be written as soon as it is there."""
        parser, cycle = self.parser, self.cycle
        return (
            parser.get_method() == b"POST"
            and self.url.startswith(b"/")  # only of paths it is certain that uvicorn takes them
            and len(self.url) <= LONG_TARGET_BYTES
            and self._at_once < MAX_AT_ONCE
            and (cycle is None or cycle.response_complete)
            and parser.should_keep_alive()
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _go_on(self) -> None:
        """Hand over to ASGI what was kept back."""
        pieces = self._kept_back()
        HttpToolsProtocol.on_headers_complete(self)
        for piece in pieces:
            super().on_body(piece)

    def _kept_back(self) -> list[bytes]:
        """Return what was kept back, and keep it no more."""
        pieces, self._kept = self._kept or [], None
        self._is_asked = False
        if self._rest is not None:
            self._stop_waiting_for_rest()
        return pieces

    def _stop_waiting_for_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _respond(self, answer: PromptAnswer) -> None:
        body, shared = answer.body, self._shared_headers()
        head = b"%b%bcontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b"
        own = b"".join([b"%b: %b\r\n" % each for each in answer.headers]) if answer.headers else b""
        status = STATUS_LINE[answer.status]
        self.transport.write(head % (status, shared, answer.content_type, len(body), own, body))
        self._at_once += 1
        self.on_response_complete()

    def _shared_headers(self) -> bytes:
        """Return what all answers have; uvicorn makes a new list when the date changes."""
        headers, block = Connection._common
        if headers is not self.server_state.default_headers:
            headers = self.server_state.default_headers
            block = b"".join(b"%b: %b\r\n" % each for each in headers)
            Connection._common = headers, block
        return block
