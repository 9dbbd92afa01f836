"""Times in words: as Docker says them, and as logs write them."""

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def human(seconds: float) -> str:
    """Return a duration in Docker's words."""
    whole = int(max(seconds, 0))
    if whole < 1:
        return "Less than a second"
    if whole < _MINUTE:
        return "1 second" if whole == 1 else f"{whole} seconds"
    minutes = whole // _MINUTE
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    hours = round(whole / _HOUR)
    if hours < 48:  # noqa: PLR2004 - Docker's own limit
        return "About an hour" if hours == 1 else f"{hours} hours"
    return f"{whole // _DAY} days"


def clock_time(at: float) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
