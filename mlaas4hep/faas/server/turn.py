"""One turn of the event loop: what came whole in it from all connections is answered together.

So parsing, predicting and writing each stay in the processor's caches, and rows for one model take
one call of it. Nothing waits for company: the turn ends before the loop looks for further bytes.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

log = logging.getLogger(__name__)

MAX_TOGETHER = 64  #: requests; then those that came first need not wait for more

Header = tuple[bytes, bytes]


class Request(NamedTuple):
    """A POST that came whole."""

    target: bytes
    headers: list[Header]  #: names in lower case
    body: bytes


class PromptAnswer(Protocol):
    """What goes back at once."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def content_type(self) -> bytes:
        """Return what `body` is."""

    @property
    def headers(self) -> Sequence[Header]:
        """Return further headers."""

    @property
    def body(self) -> bytes:
        """Return all of the body."""


#: answers requests, each in its place; None: that one goes the general way
Prompt = Callable[[Sequence[Request]], Sequence[PromptAnswer | None]]


class Waiter(Protocol):
    """Who sent a request."""

    def hear(self, answer: PromptAnswer | None) -> None:
        """Take the answer to the request; None: there is none at once."""

    def give_up(self) -> None:
        """End: the answer could not be taken."""


class Turn:
    """The requests of one server that wait for the end of this turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, prompt: Prompt) -> None:
        """Collect nothing yet."""
        self._loop = loop
        self._prompt = prompt
        self._waiting: list[tuple[Waiter, Request]] = []

    def add(self, waiter: Waiter, request: Request, *, is_alone: bool = False) -> None:
        """Take a request; `waiter` hears before the loop looks for further bytes.

        Args:
            is_alone: nobody else can have sent anything, so that the turn ends at once.
        """
        self._waiting.append((waiter, request))
        if is_alone or len(self._waiting) >= MAX_TOGETHER:
            self.end()
        elif len(self._waiting) == 1:
            self._loop.call_soon(self.end)

    def end(self) -> None:
        """Answer what waits; what goes wrong with one request keeps no other from its answer."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        for waiter, answer in self._answered(waiting):
            try:
                waiter.hear(answer)
            except Exception:
                log.exception("a request could not be answered")
                waiter.give_up()

    def _answered(
        self, waiting: Sequence[tuple[Waiter, Request]]
    ) -> Sequence[tuple[Waiter, PromptAnswer | None]]:
        """Return who hears what: nothing at once if `prompt` fails."""
        waiters = [waiter for waiter, _ in waiting]
        try:
            answers = self._prompt([request for _, request in waiting])
            return list(zip(waiters, answers, strict=True))
        except Exception:
            log.exception("%d requests go the general way", len(waiting))
            return [(waiter, None) for waiter in waiters]


_TURNS: WeakKeyDictionary[Any, Turn] = WeakKeyDictionary()


def turn_of(server: Any, loop: asyncio.AbstractEventLoop, prompt: Prompt | None) -> Turn | None:
    """Return the turn that all connections of a server share; None: its app answers nothing at once."""
    if prompt is None:
        return None
    turn = _TURNS.get(server)
    if turn is None:
        turn = _TURNS[server] = Turn(loop, prompt)
    return turn
