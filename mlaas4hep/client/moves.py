"""What a call of the client is made of, said without doing it: one code for both clients.

A noun's method is a generator. It yields moves (one exchange of HTTP, a pause, some work on this
machine) and is sent what became of each; `Client` makes the moves one after the other, and
`AsyncClient` awaits them.
"""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
)
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from mlaas4hep.client.files import OnBytes

P = ParamSpec("P")
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
class Refused:
    """The deployment refuses the token; a fresh one is sent back, or None."""


@dataclass(frozen=True, slots=True)
class Emit(Generic[T]):
    """One of several results."""

    value: T


Move = Exchange | Form | Pause | Work | Refused
Asking = Generator[Move, Any, T]  #: ends with a result
Telling = Generator[Move | Emit[T], Any, None]  #: gives results on the way


class Blocking:
    """A client whose methods return results."""

    def perform(self, asking: Asking[T]) -> T:
        """Make the moves of a call, and return its result."""
        raise NotImplementedError

    def each(self, telling: Telling[T]) -> Iterator[T]:
        """Yield the results of a call as its moves bring them."""
        raise NotImplementedError


class Awaiting:
    """A client whose methods are awaited."""

    def perform(self, asking: Asking[T]) -> Coroutine[Any, Any, T]:
        """Make the moves of a call, and return its result."""
        raise NotImplementedError

    def each(self, telling: Telling[T]) -> AsyncIterator[T]:
        """Yield the results of a call as its moves bring them."""
        raise NotImplementedError


class Operation(Generic[P, T]):
    """A method of both clients, from the generator that says what is done."""

    def __init__(self, asking: Callable[Concatenate[Any, P], Asking[T]]) -> None:
        self.asked = asking
        self.__doc__ = asking.__doc__

    @overload
    def __get__(self, client: None, kind: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaiting, kind: type) -> Callable[P, Awaitable[T]]: ...

    def __get__(self, client: Any, kind: type) -> Any:
        if client is None:
            return self

        @wraps(self.asked)
        def method(*args: P.args, **given: P.kwargs) -> Any:
            return client.perform(self.asked(client, *args, **given))

        return method


class Stream(Generic[P, T]):
    """A method of both clients that gives results on the way: an iterator, or one for `async for`."""

    def __init__(self, telling: Callable[Concatenate[Any, P], Telling[T]]) -> None:
        self.asked = telling
        self.__doc__ = telling.__doc__

    @overload
    def __get__(self, client: None, kind: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, kind: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: Awaiting, kind: type) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, client: Any, kind: type) -> Any:
        if client is None:
            return self

        @wraps(self.asked)
        def method(*args: P.args, **given: P.kwargs) -> Any:
            return client.each(self.asked(client, *args, **given))

        return method
