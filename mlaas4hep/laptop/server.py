"""uvicorn on sockets that are open already, inside somebody else's event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from mlaas4hep.faas.asgi import AsgiApp
from mlaas4hep.faas.headers import ALWAYS
from mlaas4hep.faas.server.heads import LimitedHeads

GRACE_S = 2  #: streams that never end are cut off after that


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the platform."""
        yield


@asynccontextmanager
async def serving(app: AsgiApp, doors: list[socket.socket]) -> AsyncIterator[None]:
    """Serve `app` behind the doors while the context lasts."""
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            http=LimitedHeads,
            ws="none",  # what asks for a websocket is a request like any other
            lifespan="off",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=GRACE_S,
            server_header=False,
            headers=list(ALWAYS),
            proxy_headers=False,
        )
    )
    task = asyncio.create_task(server.serve(sockets=doors))
    try:
        yield
    finally:
        server.should_exit = True
        await task
