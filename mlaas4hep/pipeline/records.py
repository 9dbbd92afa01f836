"""Runs as they are stored: the record in the run book and the files beside it, written one way."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Literal
from uuid import uuid4

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import (
    ConflictError,
    DamagedError,
    MlaasError,
    NotFoundError,
    ServiceUnavailableError,
)
from mlaas4hep.ports import Services

_MOST_TRIES = 20  #: to write a record that others write, too


def new_run(
    request: Request | ScoringRequest, number: int, now: float, *, is_scan: bool = False
) -> Run:
    """Return the record of a run that begins now; `now` is in seconds since the epoch."""
    return Run(
        id=uuid4().hex,
        owner=request.owner,
        name=request.run,
        folder=request.folder,
        number=number,
        title=request.title,
        upload=uploaded(request),
        task=_task(request, is_scan=is_scan),
        framework=request.framework if isinstance(request, Request) else "",
        skips_bad_files=isinstance(request, Request) and request.params.on_bad_file == "skip",
        patience_s=request.params.file_patience if isinstance(request, Request) else 0,
        created_at=now,
        updated_at=now,
    )


def uploaded(request: Request | ScoringRequest) -> str:
    """Return the prefix of the files in bucket tarballs that a run needs; empty: none."""
    if not request.upload:
        return ""
    folder = request.folder if isinstance(request, Request) else request.upload_folder
    return keys.member(request.owner, folder, request.upload, "")


def _task(
    request: Request | ScoringRequest, *, is_scan: bool
) -> Literal["training", "scoring", "scan"]:
    if isinstance(request, ScoringRequest):
        return "scoring"
    return "scan" if is_scan else "training"


def store_run(run: Run, contents: Mapping[str, bytes], services: Services) -> None:
    """Write a run's files, named as in `core.runs.files`, and then its record.

    Raises:
        ConflictError: there is a run of this owner and name.
    """
    for name, content in contents.items():
        services.runs_files.put(files.key(run.owner, run.name, name), content)
    services.runs_files.put(files.key(run.owner, run.name, files.RUN), sealed.dump(run))
    try:
        services.runs.create(run)
    except ConflictError:
        if services.runs.get(run.owner, run.name).id != run.id:  # not rebuilt from our record
            raise


def lost_request(run: str, error: MlaasError) -> DamagedError:
    """Return the error about a run of which nobody knows any more what was asked for."""
    return DamagedError(
        f"what was submitted as run {run!r} is lost: {error.problem.message}",
        hint="submit it again; a restart would not find it either",
    )


def check_request(event: Event, request: Request | ScoringRequest) -> None:
    """Refuse the request of another run in the place of the event's.

    Raises:
        DamagedError: that is what it is.
    """
    if (request.owner, request.run) != (event.owner, event.run):
        raise lost_request(event.run, DamagedError(f"there is that of {request.run!r}"))


def store_record(run: Run, services: Services) -> None:
    """Write down where a run stands, so that it outlives the run book.

    A run that somebody deletes meanwhile stays deleted: without the record it is never rebuilt.
    One that is restarted meanwhile stays restarted: who comes late knows the attempt before.

    Raises:
        ServiceUnavailableError: others write it again and again.
    """
    key = files.key(run.owner, run.name, files.RUN)

    def later(is_there: bool) -> bytes | None:
        is_wanted = is_there and _stored_attempt(key, services) <= run.attempt
        return sealed.dump(run) if is_wanted else None

    _replace(key, later, services)


def _stored_attempt(key: str, services: Services) -> int:
    """Return which attempt a stored record is of; 0: it cannot be read."""
    try:
        return sealed.load(Run, services.runs_files.get(key)).attempt
    except (NotFoundError, DamagedError):
        return 0


def _replace(key: str, content: Callable[[bool], bytes | None], services: Services) -> None:
    """Store what `content` gives, unless it is None; again as long as others write meanwhile.

    Args:
        key: of the object.
        content: is told whether it is there.
        services: of the step.

    Raises:
        ServiceUnavailableError: others write it again and again.
    """
    for _ in range(_MOST_TRIES):
        before = services.runs_files.info(key)
        body = content(before is not None)
        if body is None:
            return
        with suppress(ConflictError):
            services.runs_files.put_if(key, body, before.etag if before else "")
            return
    raise ServiceUnavailableError(f"{key} is being written by others")


def next_name(owner: str, folder: str, services: Services) -> tuple[str, int]:
    """Return name and number of the next run of `folder`; none is given out twice.

    The store remembers the last number too, and what lies there is never taken for a new run:
    the counters may be lost.
    """
    remembered = files.number(owner, folder)
    number = services.runs.next_number(owner, folder, above=_last_number(remembered, services))
    while _is_taken(owner, f"{folder}_{number}", services):
        number = services.runs.next_number(owner, folder, above=_highest(owner, folder, services))

    def higher(is_there: bool) -> bytes | None:
        is_overtaken = is_there and _last_number(remembered, services) >= number
        return None if is_overtaken else str(number).encode()

    _replace(remembered, higher, services)
    return f"{folder}_{number}", number


def _last_number(remembered: str, services: Services) -> int:
    try:
        return int(services.runs_files.get(remembered))
    except (NotFoundError, ValueError):
        return 0


def _is_taken(owner: str, name: str, services: Services) -> bool:
    runs = services.runs_files.list(keys.run(owner, name))
    return any(runs) or services.models.info(keys.model(owner, name)) is not None


def _highest(owner: str, folder: str, services: Services) -> int:
    """Return the highest number that a run or model of `folder` has in the store."""
    prefix = f"{owner}/{folder}_"
    found = [*services.runs_files.list(prefix), *services.models.list(prefix)]
    numbers = (info.key.removeprefix(prefix).partition("/")[0] for info in found)
    return max((int(number) for number in numbers if number.isdecimal()), default=0)
