"""What lists say in few letters: how long ago, how large."""

from datetime import UTC, datetime

from mlaas4hep.core.runs.durations import human

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000  #: from one unit to the next, as disks are sold


def age(time: str) -> str:
    """Return how long ago a time in ISO 8601 was, such as "3 hours ago"; nothing if it is none."""
    if not time:
        return ""
    since = datetime.now(UTC) - datetime.fromisoformat(time)
    return f"{human(since.total_seconds()).lower()} ago"


def size(count: float) -> str:
    """Return so many bytes, such as "1.2 GB"."""
    unit = 0
    while count >= _STEP and unit < len(_UNITS) - 1:
        count /= _STEP
        unit += 1
    return f"{count:.1f} {_UNITS[unit]}" if unit and count < 10 else f"{count:.0f} {_UNITS[unit]}"  # noqa: PLR2004 - two digits
