"""The log of a function or of the dispatcher: a line a record, as text or as JSON."""

import logging
import sys
from dataclasses import asdict

from mlaas4hep.adapters import tracing
from mlaas4hep.core.harmless import as_record
from mlaas4hep.settings import SettingsError

TEXT, JSON = "text", "json"
_ABOUT = ("run", "event", "request", "trace", "span")


def set_up_logging(level: str, form: str = TEXT) -> None:
    """Send the log to the standard error stream.

    Raises:
        SettingsError: there is no such level, or no such form.
    """
    if form not in (TEXT, JSON):
        raise SettingsError(f"MLAAS_LOG_FORMAT={form!r} is neither 'text' nor 'json'")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form))
    handler.addFilter(with_work)
    try:
        logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    except ValueError as error:
        raise SettingsError(f"MLAAS_LOG_LEVEL={level!r} is not a level of Python's logging") from (
            error
        )
    logging.getLogger("httpx2").setLevel(logging.WARNING)


class LineFormatter(logging.Formatter):
    """Records as text in which nothing that strangers wrote looks like another record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record; all its lines but the first are indented, and a terminal obeys none."""
        return as_record(super().format(record))


def formatter(form: str) -> logging.Formatter:
    """Return what writes a record as one line."""
    if form == TEXT:
        return LineFormatter("%(levelname)s %(name)s %(message)s")
    from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415 - only where it is wanted

    made: logging.Formatter = JsonFormatter(
        "%(levelname)s %(name)s %(message)s",
        rename_fields={"levelname": "level", "name": "logger"},
        timestamp="at",
    )
    return made


def with_work(record: logging.LogRecord) -> bool:
    """Put beside a record which run, event, request and trace it is about, as far as known."""
    work = asdict(tracing.current())
    for name in _ABOUT:
        if work[name]:
            setattr(record, name, work[name])
    return True
