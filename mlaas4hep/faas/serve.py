"""Starts a function's server: gunicorn threads for flask apps, uvicorn for ASGI apps.

of-watchdog (or the laptop's gateway) is the only client, so that both listen on the loopback
address. Services are made in the process that serves, after the fork.
"""

import logging
import sys
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError

from mlaas4hep import bootstrap
from mlaas4hep.adapters.confinement.prctl import die_with_parent
from mlaas4hep.faas.function import Function, settle
from mlaas4hep.settings import Settings, SettingsError

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
THREADS = 32  #: also for health checks and event streams while all `workers` are busy
GRACE_S = 20  #: after SIGTERM; what is not finished then is released and delivered again
KEEP_ALIVE_S = 75


def serve(function: Function, settings: Settings) -> None:
    """Serve `function` until SIGTERM or SIGINT.

    Raises:
        SettingsError: a secret that the function needs cannot be read.
    """
    set_up_logging(settings.log_level)
    log.info("%s serves on %s:%d", function.name, HOST, settings.port)
    if function.kind == "asgi":
        _uvicorn(function, settings)
    else:
        _Gunicorn(function, settings).run()


def set_up_logging(level: str) -> None:
    """Send the log to the standard error stream, one line per record.

    Raises:
        SettingsError: there is no such level.
    """
    try:
        logging.basicConfig(
            level=level.upper(),
            stream=sys.stderr,
            format="%(levelname)s %(name)s %(message)s",
            force=True,
        )
    except ValueError as error:
        raise SettingsError(f"MLAAS_LOG_LEVEL={level!r} is not a level of Python's logging") from (
            error
        )
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _uvicorn(function: Function, settings: Settings) -> None:
    import uvicorn  # noqa: PLC0415 - images of flask functions do not have it

    app = function.factory(bootstrap.services(settings), settings)
    settle()
    uvicorn.run(
        app,
        host=HOST,
        port=settings.port,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        proxy_headers=False,
    )


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    """One worker process with threads, configured here and not by files or GUNICORN_CMD_ARGS."""

    def __init__(self, function: Function, settings: Settings) -> None:
        self._function = function
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        options = {
            "bind": f"{HOST}:{self._settings.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": max(THREADS, self._settings.workers + 8),
            "keepalive": KEEP_ALIVE_S,
            "graceful_timeout": GRACE_S,
            "timeout": 300,
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_fork": lambda _server, _worker: die_with_parent(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the app; gunicorn calls this in the worker."""
        try:
            return self._function.factory(bootstrap.services(self._settings), self._settings)
        except SettingsError as error:
            raise AppImportError(f"{self._function.name} cannot start: {error}") from error
