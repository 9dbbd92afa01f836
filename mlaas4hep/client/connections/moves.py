"""What a call of the client is made of, said without doing it: one code for both clients.

A noun's method is a generator. It yields moves (one exchange of HTTP, a pause, some work on this
machine) and is sent what became of each; `Client` makes the moves one after the other, and
`AsyncClient` awaits them.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from mlaas4hep.client.files import OnBytes

T = TypeVar("T")

Body = Callable[[], Iterator[bytes]]  #: gives the body again for every attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer."""

    method: str
    url: str
    body: Body | None = None
    given: Mapping[str, Any] = field(default_factory=dict)  #: params, json, headers, timeout
    target: Path | None = None  #: a good answer is written there, streamed
    on_bytes: OnBytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form with a file for somebody else's server, streamed and without our token."""

    url: str
    fields: Mapping[str, str]
    file: Path
    on_bytes: OnBytes | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Some seconds in which nothing is done."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Something to do on this machine, which may take a while; its result is sent back."""

    function: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class TokenRefusal:
    """The deployment refuses the token; whether there is a fresh one is sent back."""


@dataclass(frozen=True, slots=True)
class Emit(Generic[T]):
    """One of several results."""

    value: T


Move = Exchange | Form | Pause | Work | TokenRefusal
Asking = Generator[Move, Any, T]  #: ends with a result
Telling = Generator[Move | Emit[T], Any, None]  #: gives results on the way


def until_told(telling: Telling[T]) -> Asking[Emit[T] | None]:
    """Return the next result of a stream, after the moves up to it; None at its end."""
    try:
        move = next(telling)
        while not isinstance(move, Emit):
            try:
                got = yield move
            except Exception as error:  # noqa: BLE001 - the call knows what to make of it
                move = telling.throw(error)
            else:
                move = telling.send(got)
    except StopIteration:
        return None
    return move
