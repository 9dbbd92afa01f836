"""The shapes of an ASGI app (https://asgi.readthedocs.io), and how one starts and stops."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def _nothing() -> None:
    pass


async def lifespan(
    receive: Receive,
    send: Send,
    close: Callable[[], None],
    begin: Callable[[], None] = _nothing,
) -> None:
    """Tell the server that the app has started, then `begin`, and at its end `close` the app."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
            begin()
        elif message["type"] == "lifespan.shutdown":
            close()
            await send({"type": "lifespan.shutdown.complete"})
            return
