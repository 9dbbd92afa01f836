"""An ASGI app behind uvicorn; `rsgi` does the same with granian."""

import signal
from collections.abc import Callable
from types import FrameType

import uvicorn

from mlaas4hep.faas.asgi import AsgiApp
from mlaas4hep.faas.headers import ALWAYS


def serve(
    app: AsgiApp,
    address: tuple[str, int],
    on_stop: Callable[[], None],
    *,
    keep_alive_s: int,
    grace_s: int,
) -> bool:
    """Serve `app` until SIGTERM or SIGINT; tell whether it could be served.

    What has begun then may end within `grace_s`; nothing holds it up or is cut off.
    """
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn sends them again when it has ended
        signal.signal(number, lambda _number, _frame: None)
    config = uvicorn.Config(
        app,
        host=address[0],
        port=address[1],
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=grace_s,
        server_header=False,
        headers=list(ALWAYS),
        proxy_headers=False,
    )
    server = _Server(config, on_stop)
    server.run()
    return server.started


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take SIGTERM or SIGINT."""
        super().handle_exit(sig, frame)
        self._on_stop()
