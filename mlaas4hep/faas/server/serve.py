"""Starts a function's server, in this process.

of-watchdog (or the laptop's gateway) is the only client, so that it listens on the loopback address.
"""

import logging
import os
from typing import Any

from mlaas4hep import bootstrap
from mlaas4hep.adapters.temporary import locked_folder, own_folder
from mlaas4hep.bootstrap import warmup
from mlaas4hep.faas.function import Function, freeze_modules
from mlaas4hep.faas.logs import JSON, set_up_logging
from mlaas4hep.faas.metrics import Confidential, MeteredApp
from mlaas4hep.faas.server import asgiserver, watchdog, workers
from mlaas4hep.faas.server.memory import limit_memory
from mlaas4hep.faas.server.siblings import Siblings
from mlaas4hep.faas.traced import Begin, TracedApp, untold
from mlaas4hep.settings import Settings, SettingsError, secret

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
    limit_memory()
    log.info("%s serves on %s:%d", function.name, HOST, settings.port)
    if function.is_quick and settings.workers > 1:
        is_well = _serve_by_workers(function, settings)
    else:
        is_well = _serve_here(function, settings)
    code = watchdog.exit_code(is_well=is_well)
    logging.shutdown()
    os._exit(code)  # a step that did not end in time is delivered again


def _serve_here(function: Function, settings: Settings, siblings: Siblings | None = None) -> bool:
    """Serve `function` in this process, which may be one of several; tell whether it could be."""
    services = bootstrap.services(settings)
    app = function.app(services, settings)
    levels, confidential = getattr(app, "levels", tuple), _confidential(app, settings)
    if _is_traced(function, settings):
        app = TracedApp(app, _begin(function.name, settings))
    metered = MeteredApp(app, function.name, levels, siblings, confidential)
    freeze_modules()

    def on_stop() -> None:
        services.stopping.ask()
        metered.stop()

    with own_folder():
        return asgiserver.serve(
            metered,
            (HOST, settings.port),
            on_stop,
            keep_alive_s=KEEP_ALIVE_S,
            grace_s=GRACE_S,
            is_worker=siblings is not None,
        )


def _confidential(app: Any, settings: Settings) -> Confidential:
    """Return what only the operator is told of an app."""
    file = settings.metrics_token_file
    return Confidential(
        levels=getattr(app, "owner_levels", tuple), token=secret(file) if file else ""
    )


def _serve_by_workers(function: Function, settings: Settings) -> bool:
    """Serve `function` in several processes; tell whether it could be."""
    if not asgiserver.is_free((HOST, settings.port)):
        return False
    warmup.load()
    freeze_modules()  # what is loaded by now is shared by all
    with locked_folder() as folder:
        meeting = folder / "workers"
        meeting.mkdir()
        return workers.run(
            settings.workers,
            lambda number: _serve_here(function, settings, Siblings(meeting, number)),
        )


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
