"""One OpenFaaS function as a value; apart from `faas`, so that ASGI functions import no flask."""

import ctypes
import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlaas4hep.faas.asgi import AsgiApp
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """Its name, and how its app is made once the services are there."""

    name: str
    factory: Callable[[Services, Settings], Any]  #: an ASGI app, or a flask app for `front`
    front: Callable[[Any], AsgiApp] = lambda app: app  #: what serves the app
    is_quick: bool = False  #: its app answers in microseconds, so that the server's cost counts

    def app(self, services: Services, settings: Settings) -> AsgiApp:
        """Return what answers its requests."""
        return self.front(self.factory(services, settings))


def asgi(name: str, make_app: Callable[[Services, Settings], AsgiApp]) -> Function:
    """Return a function around an ASGI app, which answers health and readiness itself."""
    return Function(name=name, factory=make_app, is_quick=True)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  #: names of glibc's `mallopt`
_KEPT_BYTES = 64 * 1024**2  #: of freed memory at the end of a heap
_LARGEST_BYTES = 32 * 1024**2  #: of a block that is part of a heap; glibc takes no larger one


def keep_freed_memory() -> None:
    """Have memory that was freed used again; else the system clears new pages for every chunk.

    One limit alone does not help: while glibc maps large blocks one by one, nothing of them is kept.
    Where there is no glibc, nothing happens.
    """
    set_limit = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_limit is not None:
        set_limit(_MMAP_THRESHOLD, _LARGEST_BYTES)
        set_limit(_TRIM_THRESHOLD, _KEPT_BYTES)


def freeze_modules() -> None:
    """Keep the garbage collector from looking through all modules again and again.

    What is loaded by now stays for the life of the process. A full pass over it takes 50 ms, and
    opening a few ROOT trees causes one. Where the collector was off until now (`index.py`) nothing
    was done but importing, which leaves next to nothing behind, so that not even one is made.
    """
    if gc.isenabled():
        gc.collect()
    gc.freeze()
    gc.enable()
