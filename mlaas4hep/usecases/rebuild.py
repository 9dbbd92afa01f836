"""Run records made again from the store, when the run book of NATS is lost."""

import logging
from collections.abc import Iterator
from contextlib import suppress

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ModelReady
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import (
    ConflictError,
    DamagedError,
    InvalidRequestError,
    MlaasError,
    NotFoundError,
)
from mlaas4hep.pipeline.scoring import load_contract
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)


def rebuild(services: Services) -> list[str]:
    """Write a record for each run of the store that has none; return `owner/name` of those.

    Unfinished runs begin again with what is stored; nothing is told to anybody here.
    """
    known = {(run.owner, run.name) for run in services.runs.list()}
    made = []
    for run in _stored(services, known):
        with suppress(ConflictError):
            services.runs.create(run)
            made.append(f"{run.owner}/{run.name}")
        _end(run, services)
    return made


def _stored(services: Services, known: set[tuple[str, str]]) -> Iterator[Run]:
    keys_ = [i.key for i in services.runs_files.list("") if i.key.endswith(f"/{files.RUN}")]
    for key in keys_:
        owner, name, *file = key.split("/")
        if file == [files.RUN] and (owner, name) not in known:
            try:
                yield sealed.load(Run, services.runs_files.get(key))
            except MlaasError as error:
                log.warning("%s is left out: %s", key, error)


def _end(run: Run, services: Services) -> None:
    """Write down that a run is done if its model is there."""
    if run.is_final:
        return
    try:
        record = sealed.load(ModelRecord, services.models.get(keys.model(run.owner, run.name)))
    except (NotFoundError, DamagedError):  # it is trained again
        return
    if record.run_id == run.id:
        ready = ModelReady(
            owner=run.owner,
            run=run.name,
            attempt=run.attempt,
            model=record.name,
            version=record.version,
            metrics=_metrics(record, services),
        )
        services.runs.apply([ready])


def _metrics(record: ModelRecord, services: Services) -> tuple[tuple[str, float], ...]:
    """Return what the model tells of itself; nothing if it does not."""
    try:
        return load_contract(record, services).metrics
    except (NotFoundError, InvalidRequestError):
        return ()
