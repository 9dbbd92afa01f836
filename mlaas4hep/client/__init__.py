"""The Python clients of a deployment: `Client`, and `AsyncClient` for programs with an event loop.

They are loaded when they are asked for: whoever reads an address or a grant needs no HTTP.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # mypy sees through no `__getattr__`
    from mlaas4hep.client.asyncclient import AsyncClient
    from mlaas4hep.client.client import Client

__all__ = ["AsyncClient", "Client"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{name.lower()}"), name)
