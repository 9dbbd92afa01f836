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


class Head:
    """What a POST begins with. The same one stands for all requests that begin with the same bytes."""

    __slots__ = ("headers", "noted", "target")

    def __init__(self, target: bytes, headers: list[Header]) -> None:
        """Begin a request.

        Args:
            target: that is asked.
            headers: names in lower case; the length of a body and what proxies say of a call (see
                `samehead`) may be those of an earlier one.
        """
        self.target = target
        self.headers = headers
        self.noted: Any = None  #: what who answers knows of it


class Request(NamedTuple):
    """A POST that came whole."""

    head: Head
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
        self._waiters: list[Waiter] = []
        self._requests: list[Request] = []  #: each of the waiter at its place

    def add(self, waiter: Waiter, request: Request, *, is_alone: bool = False) -> None:
        """Take a request; `waiter` hears before the loop looks for further bytes.

        Args:
            is_alone: nobody else can have sent anything, so that the turn ends at once.
        """
        if is_alone and not self._waiters:
            self._tell(waiter, self._answers([request])[0])
            return
        self._waiters.append(waiter)
        self._requests.append(request)
        if len(self._waiters) == 1:
            self._loop.call_soon(self.end)
        elif is_alone or len(self._waiters) >= MAX_TOGETHER:
            self.end()

    def end(self) -> None:
        """Answer what waits; what goes wrong with one request keeps no other from its answer."""
        waiters, requests = self._waiters, self._requests
        if not waiters:
            return
        self._waiters, self._requests = [], []
        for waiter, answer in zip(waiters, self._answers(requests), strict=True):
            self._tell(waiter, answer)

    def _tell(self, waiter: Waiter, answer: PromptAnswer | None) -> None:
        try:
            waiter.hear(answer)
        except Exception:
            log.exception("a request could not be answered")
            waiter.give_up()

    def _answers(self, requests: list[Request]) -> Sequence[PromptAnswer | None]:
        """Return what each request is answered with: nothing at once if `prompt` fails."""
        try:
            answers = self._prompt(requests)
            if len(answers) == len(requests):
                return answers
            log.error("%d answers to %d requests", len(answers), len(requests))
        except Exception:
            log.exception("%d requests go the general way", len(requests))
        return [None] * len(requests)


_TURNS: WeakKeyDictionary[Any, Turn] = WeakKeyDictionary()


def turn_of(server: Any, loop: asyncio.AbstractEventLoop, prompt: Prompt | None) -> Turn | None:
    """Return the turn that all connections of a server share; None: its app answers nothing at once."""
    if prompt is None:
        return None
    turn = _TURNS.get(server)
    if turn is None:
        turn = _TURNS[server] = Turn(loop, prompt)
    return turn
