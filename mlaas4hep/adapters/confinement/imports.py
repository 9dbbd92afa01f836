"""Importing a framework without what it imports only for what we do not use."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def without(packages: Iterable[str]) -> Iterator[None]:
    """Hide packages that are not imported yet while the context lasts."""
    hidden = [name for name in packages if name not in sys.modules]
    for name in hidden:  # Python reads None as "cannot be imported"
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
