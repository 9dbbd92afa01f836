"""One connection: a request that came whole and is answered at once takes the short way.

An app may have `prompt`, a plain function that answers some requests without waiting for anything.
A request is offered to it, with all others of its turn (see `turn`), when the parser has read its
last byte, and the answer is written there and then: no scope, no task. of-watchdog sends head and
body apart, so that a short body is waited for a moment. Everything else, and whatever `prompt`
declines, goes the general way, through ASGI as uvicorn does it.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mlaas4hep.faas.server.heads import LimitedHeads
from mlaas4hep.faas.server.keptback import WAITED_BYTES, WAITED_S, KeptBack
from mlaas4hep.faas.server.promptbytes import PromptBytes
from mlaas4hep.faas.server.samehead import SameHead
from mlaas4hep.faas.server.turn import Head, PromptAnswer, Request, turn_of

MAX_CONNECTIONS = 4096  #: at once; further ones are closed

LONG_TARGET_BYTES = 8 * 1024  #: longer ones go the general way, which refuses some of them
MAX_AT_ONCE = 16  #: requests of one read; the event loop sees to others before the next ones
_HEADS = 8  #: that a connection tries to remember; who goes on sending others is read as others are
_BYTES = PromptBytes()


class Connection(LimitedHeads):
    """Keeps a request back until it is whole, or does not come soon."""

    waited_s = WAITED_S

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._turn = turn_of(self.server_state, self.loop, getattr(self.app, "prompt", None))
        self._kept = KeptBack(self.loop, self._go_on)
        self._asked: Request | None = None  #: that is whole, and waits for the end of the turn
        self._at_once = 0  #: requests of this read that were answered at once
        self._same: SameHead | None = None  #: of the last request that was answered at once
        self._heads = 0  #: that were remembered

    def connection_made(self, transport: Any) -> None:
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was kept back."""
        self._forget()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End after the request that has begun."""
        self._end_turn()
        if self._kept.pieces is not None or self._kept.read:
            self._go_on()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that is not complete after them is waited for, if it is short."""
        if self._asked is not None:
            self._end_turn()
        self._at_once = 0
        kept = self._kept
        if kept.read or self._begins():
            kept.read += data
        if self._same is not None and kept.pieces is None and kept.read:
            if self._is_same(self._same):
                return
            data = kept.read
        super().data_received(data)
        if self._asked is None:
            self._wait_for_rest()

    def _is_same(self, same: SameHead) -> bool:
        """Tell whether a request with the same head as before was taken, which the parser has not seen."""
        read = self._kept.read
        place = same.place(read) if self._is_ready() else None
        if place is None or len(read) > place.whole or len(read) < place.whole > WAITED_BYTES:
            self._kept.wait_no_more()
            return False
        self.came()
        if len(read) == place.whole:
            self._ask(Request(same.head, read[place.begin : place.end]))
        else:
            self._kept.wait(self.waited_s)
        return True

    def _wait_for_rest(self) -> None:
        """Give the body of a request that is kept back a moment, if it is short."""
        if self._kept.pieces is None:
            self._kept.read = b""
        elif self.transport.is_closing():  # what came is no HTTP
            self._forget()
        elif self._kept.is_long:
            self._go_on()
        else:
            self._kept.wait(self.waited_s)

    def send_400_response(self, msg: str) -> None:
        """Say that what came is no HTTP, after the answer to what came before."""
        self._end_turn()
        super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """Begin another request, after the answer to the one before."""
        if self._asked is not None:
            self._end_turn()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Keep back what may be answered at once."""
        if self._turn is None or not self._may_be_prompt():
            super().on_headers_complete()
            return
        self.head_came()
        self._kept.pieces = []

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._kept.pieces is None:
            super().on_body(body)
        else:
            self.body_came()
            self._kept.pieces.append(body)

    def on_message_complete(self) -> None:
        """Ask for an answer at the end of this turn, or let the general way answer."""
        self.message_came()
        pieces = self._kept.pieces
        if pieces is None:
            super().on_message_complete()
            return
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._ask(Request(Head(self.url, self.headers), body))

    def _ask(self, request: Request) -> None:
        self._kept.wait_no_more()
        self._asked = request
        if self._turn is not None:
            self._turn.add(self, request, is_alone=len(self.connections) == 1)

    def hear(self, answer: PromptAnswer | None) -> None:
        """Answer, or let the general way answer."""
        asked, self._asked = self._asked, None
        if asked is None:  # the connection is gone
            return
        if answer is None:
            is_parsed = self._kept.pieces is not None
            self._go_on()
            if is_parsed:
                super().on_message_complete()
            return
        read, pieces = self._kept.taken()
        if pieces is not None and read and self._heads < _HEADS:
            self._heads += 1
            self._same = SameHead.of(asked.head, read, asked.body)
        self.transport.write(_BYTES.of(answer, self.server_state.default_headers))
        self._at_once += 1
        self.answered()

    def give_up(self) -> None:
        """Close the connection: an answer to nothing would be taken for one to the next request."""
        self._forget()
        self.transport.close()

    def _end_turn(self) -> None:
        """See to it that the request before is answered, or goes the general way."""
        if self._asked is not None and self._turn is not None:
            self._turn.end()

    def _begins(self) -> bool:
        """Tell whether what comes now is the beginning of a request."""
        return not self._has_rest and not (self._is_head and self._unread_bytes)

    def _is_ready(self) -> bool:
        """Tell whether an answer may be written as soon as it is there."""
        cycle = self.cycle
        is_open = not self.flow.write_paused and not self.transport.is_closing()
        return is_open and (cycle is None or cycle.response_complete)

    def _may_be_prompt(self) -> bool:
        """Tell whether the head that was parsed lets an answer be written at once."""
        parser = self.parser
        return (
            parser.get_method() == b"POST"
            and self.url.startswith(b"/")  # only of paths it is certain that uvicorn takes them
            and len(self.url) <= LONG_TARGET_BYTES
            and self._at_once < MAX_AT_ONCE
            and self._is_ready()
            and parser.should_keep_alive()
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and not self.expect_100_continue
        )

    def _go_on(self) -> None:
        """Hand over to ASGI what was kept back; it is not offered to `prompt` again."""
        self._asked = None
        read, pieces = self._kept.taken()
        if pieces is None:
            self._at_once = MAX_AT_ONCE
            super().data_received(read)
            return
        HttpToolsProtocol.on_headers_complete(self)
        for piece in pieces:
            super().on_body(piece)

    def _forget(self) -> None:
        self._asked = None
        self._kept.taken()
