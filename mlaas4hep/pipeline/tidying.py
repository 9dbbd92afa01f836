"""What the last step of a run may not have come to, because it died between its news and its end."""

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import NotFoundError
from mlaas4hep.pipeline.records import store_record
from mlaas4hep.ports import Services


def tidy(run: Run, services: Services) -> int:
    """Remove what only an unfinished run needs, and write down how it ended; return how many went.

    A run that failed or was cancelled may be restarted, and then needs its record only: whoever
    calls says when it is too old for that (`forget_attempts`). Doing so again changes nothing.
    """
    removed = forget_attempts(run, services) if run.status is Status.DONE else 0
    if _stored(run, services) != sealed.dump(run):
        store_record(run, services)
    return removed


def forget_attempts(run: Run, services: Services) -> int:
    """Remove the state of a training and the parts of a scoring; return how many objects."""
    left = [
        info.key
        for info in services.runs_files.list(keys.run(run.owner, run.name))
        if files.is_unfinished(info.key)
    ]
    for key in left:
        services.runs_files.delete(key)
    return len(left)


def forget_deleted(owner: str, run: str, services: Services) -> None:
    """Remove what a step wrote into the folder of a run that somebody deleted meanwhile.

    A run whose stored record is there is not deleted, whatever the run book says: it is rebuilt.
    """
    if services.runs_files.info(files.key(owner, run, files.RUN)) is None:
        for info in list(services.runs_files.list(keys.run(owner, run))):
            services.runs_files.delete(info.key)


def _stored(run: Run, services: Services) -> bytes:
    """Return the record that lies in the store; empty if there is none."""
    try:
        return services.runs_files.get(files.key(run.owner, run.name, files.RUN))
    except NotFoundError:
        return b""
