"""What lists say in few letters: how long ago, how large."""

from datetime import UTC, datetime

from mlaas4hep.core.runs.durations import human

_MINUTE, _HOUR = 60, 3600  #: seconds
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000  #: from one unit to the next, as disks are sold


def age(time: str) -> str:
    """Return how long ago a time in ISO 8601 was, such as "3 hours ago"; nothing if it is none."""
    if not time:
        return ""
    since = datetime.now(UTC) - datetime.fromisoformat(time)
    return f"{human(since.total_seconds()).lower()} ago"


def duration(seconds: float) -> str:
    """Return a time as the page says it, such as "0.8 s", "12 s", "5 min 20 s" or "3 h 20 min"."""
    if seconds < 10:  # noqa: PLR2004 - two digits
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def size(count: float) -> str:
    """Return so many bytes, such as "1.2 GB"."""
    unit = 0
    while count >= _STEP and unit < len(_UNITS) - 1:
        count /= _STEP
        unit += 1
    return f"{count:.1f} {_UNITS[unit]}" if unit and count < 10 else f"{count:.0f} {_UNITS[unit]}"  # noqa: PLR2004 - two digits
