"""Run records made again from the store, when the run book of NATS is lost."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event, ModelReady, RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import (
    ConflictError,
    DamagedError,
    InvalidRequestError,
    MlaasError,
    NotFoundError,
)
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.pipeline.inputs import load_inputs
from mlaas4hep.pipeline.scoringplan import load_contract
from mlaas4hep.pipeline.specs import files_opened, specs_ready
from mlaas4hep.ports import ObjectInfo, Services

log = logging.getLogger(__name__)


def rebuild(services: Services, found: Iterable[ObjectInfo] | None = None) -> list[str]:
    """Write a record for each run of the store that has none; return `owner/name` of those.

    Unfinished runs begin again with what is stored; nothing is told to anybody here.

    Args:
        services: with the store and the book.
        found: what of bucket runs is looked at; None: all of it.
    """
    known = {(run.owner, run.name) for run in services.runs.list()}
    made = []
    for run in _stored(services, known, services.runs_files.list("") if found is None else found):
        with suppress(ConflictError):
            services.runs.create(run)
            made.append(f"{run.owner}/{run.name}")
        with suppress(DamagedError):  # there is a record that cannot be read: its reader tells
            _end(run, services)
    return made


def _stored(
    services: Services, known: set[tuple[str, str]], found: Iterable[ObjectInfo]
) -> Iterator[Run]:
    others = {*known, None}  # of no run: anything else that lies there
    records = [info.key for info in found if files.run_of(info.key) not in others]
    for key in records:  # the list was read to its end: what is written now does not change it
        try:
            yield sealed.load(Run, services.runs_files.get(key))
        except MlaasError as error:
            log.warning("%s is left out: %s", key, error)


def _end(run: Run, services: Services) -> None:
    """Write down that a run is done if its model is there."""
    if run.is_final:
        return
    try:
        record = modelrecords.read(keys.model(run.owner, run.name), services.models)
    except (NotFoundError, DamagedError):  # it is trained again
        return
    if record.run_id == run.id:
        contract = _contract(record, services)
        ready = ModelReady(
            owner=run.owner,
            run=run.name,
            attempt=run.attempt,
            model=record.name,
            version=record.version,
            metrics=contract.metrics if contract else (),
        )
        services.runs.apply([*_measured(run, contract, services), ready])


def _contract(record: ModelRecord, services: Services) -> Contract | None:
    """Return what the model tells of itself; None if it does not."""
    try:
        return load_contract(record, services)
    except (NotFoundError, InvalidRequestError):
        return None


def _measured(run: Run, contract: Contract | None, services: Services) -> list[Event]:
    """Return what the run was told before its model was ready, as far as that is stored."""
    if run.specs or contract is None:
        return []
    event = RunSubmitted(owner=run.owner, run=run.name, attempt=run.attempt)
    try:
        inputs = load_inputs(event, services)
    except MlaasError as error:  # its data cannot be shown, but its model can be used
        log.warning("run %s/%s: what was measured is not known: %s", run.owner, run.name, error)
        return []
    opened = files_opened(event, inputs.opened)
    return [opened, specs_ready(event, inputs, contract.specs)]
