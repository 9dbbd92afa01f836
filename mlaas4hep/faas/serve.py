"""Starts a function's server, in this process: uvicorn, and granian where every microsecond counts.

of-watchdog (or the laptop's gateway) is the only client, so that it listens on the loopback address.
"""

import importlib.util
import logging
import os
import signal
from types import FrameType
from typing import Any

import uvicorn

from mlaas4hep import bootstrap
from mlaas4hep.faas.asgi import AsgiApp
from mlaas4hep.faas.function import Function, settle
from mlaas4hep.faas.logs import JSON, set_up_logging
from mlaas4hep.faas.metrics import Measured
from mlaas4hep.faas.temporary import own_folder
from mlaas4hep.faas.traced import Begin, Traced, untold
from mlaas4hep.ports import Stopping
from mlaas4hep.settings import Settings, SettingsError

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
GRACE_S = 20  #: after SIGTERM; what is not finished then is released and delivered again
KEEP_ALIVE_S = 75


def serve(function: Function, settings: Settings) -> None:
    """Serve `function` until SIGTERM or SIGINT.

    Raises:
        SettingsError: a secret that the function needs cannot be read.
    """
    set_up_logging(settings.log_level, settings.log_format)
    log.info("%s serves on %s:%d", function.name, HOST, settings.port)
    services = bootstrap.services(settings)
    app = function.app(services, settings)
    levels = getattr(app, "levels", tuple)
    if _is_traced(function, settings):
        app = Traced(app, _begin(function.name, settings))
    app = Measured(app, function.name, levels)
    settle()
    serving = _by_granian if function.is_quick and _has_granian() else _by_uvicorn
    with own_folder():
        is_well = serving(app, settings.port, services.stopping)
    logging.shutdown()
    os._exit(0 if is_well else 1)  # a step that did not end in time is delivered again


def _is_traced(function: Function, settings: Settings) -> bool:
    """Tell whether calls are followed; a quick function saves that time unless somebody looks."""
    return not function.is_quick or bool(settings.traces) or settings.log_format == JSON


def _begin(function: str, settings: Settings) -> Begin:
    """Return what begins a call: a span where somebody collects them.

    Raises:
        SettingsError: they are wanted, and OpenTelemetry is not installed.
    """
    if not settings.traces:
        return untold
    try:
        from mlaas4hep.faas.spans import spans, to_collector  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"MLAAS_TRACES={settings.traces!r}: {error.name} is not installed: mlaas4hep[traces]"
        ) from error
    return spans(function, to_collector(settings.traces))


def _has_granian() -> bool:
    """Tell whether granian is installed; a function that somebody builds from our template may do without."""
    return importlib.util.find_spec("granian") is not None


def _by_granian(app: AsgiApp, port: int, stopping: Stopping) -> bool:
    import uvloop  # noqa: PLC0415 - the same as granian

    from mlaas4hep.faas import rsgi  # noqa: PLC0415 - few functions are served by it

    def on_stop() -> None:
        stopping.is_asked = True

    serving = rsgi.serve(app, (HOST, port), on_stop, keep_alive_s=KEEP_ALIVE_S, grace_s=GRACE_S)
    try:
        uvloop.run(serving)
    except OSError as error:
        log.error("%s:%d cannot be served: %s", HOST, port, error)  # noqa: TRY400 - no bug of ours
        return False
    return True


def _by_uvicorn(app: AsgiApp, port: int, stopping: Stopping) -> bool:
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn sends them again when it has ended
        signal.signal(number, lambda _number, _frame: None)
    server = _server(app, port, stopping)
    server.run()
    return server.started


def _server(app: Any, port: int, stopping: Stopping) -> uvicorn.Server:
    return _Server(
        stopping,
        uvicorn.Config(
            app,
            host=HOST,
            port=port,
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            server_header=False,
            headers=[("X-Content-Type-Options", "nosniff")],  # what people upload is never a page
            proxy_headers=False,
        ),
    )


class _Server(uvicorn.Server):
    """Tells app and steps at once that they are to stop: nothing holds it up or is cut off."""

    def __init__(self, stopping: Stopping, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take SIGTERM or SIGINT."""
        self._stopping.is_asked = True
        super().handle_exit(sig, frame)
        stop = getattr(self.config.app, "stop", None)
        if stop is not None:
            stop()
