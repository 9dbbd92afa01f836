"""Services that are made at first use: most functions never touch most of them."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


def deferred(make: Callable[[], T]) -> T:
    """Return something that turns into what `make` returns, once, when it is used.

    Importing a library takes a function that does not need it longer than starting up.
    """
    return cast("T", _DeferredObject(make))


class _DeferredObject:
    def __init__(self, make: Callable[[], Any]) -> None:
        self._make: Callable[[], Any] | None = make
        self._made: Any = None
        self._making = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        with self._making:
            if self._make is not None:
                self._made = self._make()
                self._make = None
        return getattr(self._made, name)
