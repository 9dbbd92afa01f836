"""Runs as they are stored: the record in the run book and the files beside it, written one way."""

from collections.abc import Mapping

from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run
from mlaas4hep.ports import Services


def new_run(request: Request | ScoringRequest, number: int, now: float) -> Run:
    """Return the record of a run that begins now; `now` is in seconds since the epoch."""
    return Run(
        owner=request.owner,
        name=request.run,
        folder=request.folder,
        number=number,
        title=request.title,
        task="scoring" if isinstance(request, ScoringRequest) else "training",
        created_at=now,
        updated_at=now,
    )


def store_run(run: Run, contents: Mapping[str, bytes], services: Services) -> None:
    """Write a run's files, named as in `core.runs.files`, and then its record.

    Raises:
        ConflictError: there is a run of this owner and name.
    """
    for name, content in contents.items():
        services.runs_files.put(files.key(run.owner, run.name, name), content)
    services.runs.create(run)
