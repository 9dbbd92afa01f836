"""An ASGI app behind uvicorn, with a short way for what is answered at once (see `connection`)."""

import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from mlaas4hep.faas.asgi import AsgiApp
from mlaas4hep.faas.headers import ALWAYS
from mlaas4hep.faas.server.connection import MAX_CONNECTIONS, Connection

log = logging.getLogger(__name__)

_OWN = (*ALWAYS, ("server", "mlaas4hep"))  # not the name of what serves it


def serve(
    app: AsgiApp,
    address: tuple[str, int],
    on_stop: Callable[[], None],
    *,
    keep_alive_s: int,
    grace_s: int,
    is_worker: bool = False,
) -> bool:
    """Serve `app` until SIGTERM or SIGINT; tell whether it could be served.

    What has begun then may end within `grace_s`; `on_stop` is called at once. A worker shares the
    port with others; whoever started them has looked whether it `is_free`.
    """
    listening = _listening(address, is_shared=is_worker)
    if listening is None:
        return False
    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        log_level="warning",
        access_log=False,
        ws="none",  # what asks for a websocket is a request like any other
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=grace_s,
        backlog=MAX_CONNECTIONS,
        server_header=False,
        headers=list(_OWN),
        proxy_headers=False,
    )
    server = Server(config, on_stop)
    server.run([listening])
    return server.started


def is_free(address: tuple[str, int]) -> bool:
    """Tell whether nobody listens there."""
    listening = _listening(address, is_shared=False)
    if listening is not None:
        listening.close()
    return listening is not None


def _listening(address: tuple[str, int], *, is_shared: bool) -> socket.socket | None:
    try:
        return socket.create_server(address, backlog=MAX_CONNECTIONS, reuse_port=is_shared)
    except OSError as error:
        log.error("%s:%d cannot be served: %s", *address, error)  # noqa: TRY400 - no bug of ours
        return None


class Server(uvicorn.Server):
    """Ends when SIGTERM or SIGINT comes, from the moment that it is made, and tells it once."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn sends them again at its end
            signal.signal(number, self.handle_exit)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take SIGTERM or SIGINT."""
        is_first = not self.should_exit
        super().handle_exit(sig, frame)
        if is_first:
            self._on_stop()
