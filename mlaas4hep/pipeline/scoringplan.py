"""What a scoring works on: who asked for what, the model, and what opening the files found."""

import logging

from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.data.planning.plan import plan_ranges
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.scoring import ScoringPlan, ScoringRequest, choose_reads, opened
from mlaas4hep.core.models.transform import Transform
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event
from mlaas4hep.errors import (
    DamagedError,
    InvalidRequestError,
    NotFoundError,
    PermanentError,
    StrangeEventError,
)
from mlaas4hep.pipeline import integrity, modelrecords
from mlaas4hep.pipeline.opentrees import describe
from mlaas4hep.pipeline.records import check_request, lost_request
from mlaas4hep.ports import Services

CONTRACT = "contract.json"
log = logging.getLogger(__name__)


def make_plan(request: ScoringRequest, services: Services) -> ScoringPlan:
    """Open every file, check that the model can read it, and plan the ranges to score.

    Raises:
        MlaasError: a file cannot be read, or is not of the kind that the model was trained on.
    """
    contract = load_contract(load_record(request, services), services)
    trees = {file.name: describe(file, services) for file in request.files}
    transform = Transform.of(contract)
    schema, preproc = transform.schema, transform.preproc
    reads, identifiers = choose_reads(schema, trees)
    found = list(trees.values())
    ranges = plan_ranges(
        [tree.entries for tree in found],
        -1,
        [tree.boundaries for tree in found],
        services.range_entries,
    )
    if not ranges:
        raise PermanentError("there are no entries in these files", hint="check files and tree")
    return ScoringPlan(
        files=tuple(
            opened(file, trees[file.name], schema, preproc, reads) for file in request.files
        ),
        ranges=ranges,
        reads=tuple(sorted(reads)),
        identifiers=tuple(sorted(identifiers)),
    )


def store_plan(event: Event, plan: ScoringPlan, services: Services) -> None:
    """Write what opening the files found, for the other steps of this attempt."""
    key = _plan_key(event)
    services.runs_files.put(key, sealed.dump(plan, key))


def load_plan(event: Event, request: ScoringRequest, services: Services) -> ScoringPlan:
    """Return what `store_plan` stored; if that is damaged or gone, the same once more.

    Raises:
        StrangeEventError: nothing is planned yet.
        PermanentError: it is lost, and the files are not as they were.
    """
    try:
        key = _plan_key(event)
        return sealed.load(ScoringPlan, services.runs_files.get(key), key)
    except (NotFoundError, DamagedError) as error:
        run = services.runs.get(event.owner, event.run)
        if run.ranges.total is None:
            raise StrangeEventError(f"nothing is planned yet in run {event.run!r}") from None
        log.warning("%s: its files are opened again: %s", event.id, error)
        plan = make_plan(request, services)
        entries = sum(part.stop - part.start for part in plan.ranges)
        if (len(plan.ranges), entries) != (run.ranges.total, run.entries):
            raise PermanentError(
                "what was found in the files is lost, and the files are others now",
                hint="restart the run, so that they are scored as they are now",
            ) from error
        store_plan(event, plan, services)
        return plan


def load_request(event: Event, services: Services) -> ScoringRequest:
    """Return the request of the event's run.

    Raises:
        DamagedError: it is damaged or gone.
    """
    try:
        body = services.runs_files.get(files.key(event.owner, event.run, files.SCORING))
        request = sealed.load(ScoringRequest, body)
    except (NotFoundError, DamagedError) as error:
        raise lost_request(event.run, error) from error
    check_request(event, request)
    return request


def load_record(request: ScoringRequest, services: Services) -> ModelRecord:
    """Return the model as it was when the scoring was asked for.

    Raises:
        PermanentError: it is another version now.
    """
    record = modelrecords.read(keys.model(request.model_owner, request.model), services.models)
    if record.version != request.version:
        raise PermanentError(
            f"model {request.model!r} has been replaced meanwhile", hint="ask for scores again"
        )
    return record


def load_contract(record: ModelRecord, services: Services) -> Contract:
    """Return what a model was trained on.

    Raises:
        InvalidRequestError: it was not trained here.
        DamagedError: that is damaged or gone.
    """
    if CONTRACT not in record.files:
        raise InvalidRequestError(
            f"model {record.name!r} was not trained here: nobody knows its branches",
            hint="only models that this system trained can score files",
        )
    return wire.load(Contract, integrity.read(services.models, record, CONTRACT))


def _plan_key(event: Event) -> str:
    return files.key(event.owner, event.run, files.scoring_plan(event.attempt))
