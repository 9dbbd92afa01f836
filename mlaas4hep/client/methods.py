"""The methods of both clients: each says what is done, and the client that has it does it.

A noun's method is a generator of moves. `Operation` and `Stream` make it one that returns at
`Client`, and one that is awaited at `AsyncClient`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from mlaas4hep.client.connections.moves import Asking, Telling

P = ParamSpec("P")
T = TypeVar("T")


class BlockingClient(ABC):
    """A client whose methods return results."""

    @abstractmethod
    def perform(self, asking: Asking[T]) -> T:
        """Make the moves of a call, and return its result."""

    @abstractmethod
    def each(self, telling: Telling[T]) -> Iterator[T]:
        """Yield the results of a call as its moves bring them."""


class AwaitingClient(ABC):
    """A client whose methods are awaited."""

    @abstractmethod
    def perform(self, asking: Asking[T]) -> Coroutine[Any, Any, T]:
        """Make the moves of a call, and return its result."""

    @abstractmethod
    def each(self, telling: Telling[T]) -> AsyncIterator[T]:
        """Yield the results of a call as its moves bring them."""


class Operation(Generic[P, T]):
    """A method of both clients, from the generator that says what is done."""

    def __init__(self, asking: Callable[Concatenate[Any, P], Asking[T]]) -> None:
        self.asked = asking
        self.__doc__ = asking.__doc__

    @overload
    def __get__(self, client: None, kind: type) -> Self: ...
    @overload
    def __get__(self, client: BlockingClient, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AwaitingClient, kind: type) -> Callable[P, Awaitable[T]]: ...

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
    def __get__(self, client: BlockingClient, kind: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: AwaitingClient, kind: type) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, client: Any, kind: type) -> Any:
        if client is None:
            return self

        @wraps(self.asked)
        def method(*args: P.args, **given: P.kwargs) -> Any:
            return client.each(self.asked(client, *args, **given))

        return method
