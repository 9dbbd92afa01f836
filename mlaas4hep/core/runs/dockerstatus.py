"""How a run is, as `docker ps` would say it."""

from mlaas4hep.core.runs.durations import human
from mlaas4hep.core.runs.run import Run, Status

_CODES = {Status.DONE: 0, Status.FAILED: 1, Status.CANCELLED: 137}


def docker_status(run: Run, now: float) -> str:
    """Return what `docker ps` would show of the run, such as "Up 8 seconds"."""
    if run.is_final:
        return f"Exited ({_CODES[run.status]}) {human(now - run.updated_at)} ago"
    return f"Up {human(now - run.created_at)}"
