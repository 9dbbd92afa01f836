"""Scoring: a trained model looks at files, range by range; one table comes out."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.planning.plan import EntryRange
from mlaas4hep.core.models.answering import answer_of
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.scoring import (
    ScoringPlan,
    ScoringRequest,
    Table,
    output_names,
    table,
)
from mlaas4hep.core.models.transform import NetworkInput, Transform
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import (
    Event,
    RangeScored,
    RangeToScore,
    ScoresReady,
    ScoringPlanned,
    ScoringSubmitted,
)
from mlaas4hep.errors import (
    DamagedError,
    NotFoundError,
    StrangeEventError,
)
from mlaas4hep.pipeline import integrity, scoredparts
from mlaas4hep.pipeline.attention import AttentiveSource, check_wanted
from mlaas4hep.pipeline.opentrees import errors_about
from mlaas4hep.pipeline.reactions import Batch, News
from mlaas4hep.pipeline.scoringplan import (
    load_contract,
    load_plan,
    load_record,
    load_request,
    make_plan,
    store_plan,
)
from mlaas4hep.pipeline.surveys import load_survey
from mlaas4hep.ports import Runtime, Services

BATCH = 8192  #: rows that go through the network at once
log = logging.getLogger(__name__)


def open_scoring(event: ScoringSubmitted, services: Services) -> list[News]:
    """Open every file, check that the model can read it, and plan the ranges to score.

    Raises:
        MlaasError: a file cannot be read, or is not of the kind that the model was trained on.
    """
    plan = make_plan(load_request(event, services), services)
    store_plan(event, plan, services)
    return _planned(event, plan)


def _planned(event: Event, plan: ScoringPlan) -> list[News]:
    who: dict[str, Any] = {"owner": event.owner, "run": event.run, "attempt": event.attempt}
    entries = sum(part.stop - part.start for part in plan.ranges)
    return [
        ScoringPlanned(**who, files=len(plan.files), ranges=len(plan.ranges), entries=entries),
        Batch(RangeToScore(**who, index=index) for index in range(len(plan.ranges))),
    ]


def score_range(event: RangeToScore, services: Services) -> Iterator[Event]:
    """Score one range; after the last one, put the table together.

    Raises:
        MlaasError: the file or the model cannot be read, or is another one now.
    """
    request = load_request(event, services)
    plan = load_plan(event, request, services)
    if not 0 <= event.index < len(plan.ranges):
        raise StrangeEventError(f"run {event.run!r} has no range {event.index} to score")
    if services.runs_files.info(scoredparts.key(event, event.index)) is None:
        _store_part(event, event.index, request, plan, services)
    who: dict[str, Any] = {"owner": event.owner, "run": event.run, "attempt": event.attempt}
    yield RangeScored(**who, index=event.index)
    if services.runs.get(event.owner, event.run).ranges.complete:
        yield from _finished(event, request, plan, services)


def _finished(
    event: Event, request: ScoringRequest, plan: ScoringPlan, services: Services
) -> Iterator[Event]:
    """Put the table together, tell it, and delete its parts.

    Raises:
        RunOverError: another delivery did so at the same time.
    """
    key, counts = _write_table(event, request, plan, services)
    yield ScoresReady(
        owner=event.owner,
        run=event.run,
        attempt=event.attempt,
        key=key,
        metrics=counts,
    )
    for index in range(len(plan.ranges)):
        services.runs_files.delete(scoredparts.key(event, index))
    _forget_other_tables(event, services)


def _forget_other_tables(event: Event, services: Services) -> None:
    """Delete tables that deliveries wrote which did not come to tell them."""
    with suppress(NotFoundError):  # the run is deleted, with all it has
        announced = services.runs.get(event.owner, event.run).scores
        for info in list(services.runs_files.list(keys.run(event.owner, event.run))):
            if files.is_scores(info.key.rpartition("/")[2]) and announced and info.key != announced:
                services.runs_files.delete(info.key)


def _part(
    event: Event, index: int, request: ScoringRequest, plan: ScoringPlan, services: Services
) -> Table:
    """Return the scores of one range; if they are damaged or gone, it is scored again.

    Raises:
        RunOverError: they are gone because another delivery has put the table together.
    """
    key = scoredparts.key(event, index)
    try:
        return scoredparts.unpacked(key, services.runs_files.get(key))
    except (NotFoundError, DamagedError) as error:
        check_wanted(event, services)
        log.warning("%s: range %d is scored again: %s", event.id, index, error)
        return _store_part(event, index, request, plan, services)


def _store_part(
    event: Event, index: int, request: ScoringRequest, plan: ScoringPlan, services: Services
) -> Table:
    """Score one range, store what comes out, and return it."""
    part = _score(event, plan.ranges[index], request, plan, services)
    key = scoredparts.key(event, index)
    services.runs_files.put(key, scoredparts.packed(key, part))
    return part


def _score(
    event: Event,
    part: EntryRange,
    request: ScoringRequest,
    plan: ScoringPlan,
    services: Services,
) -> Table:
    record = load_record(request, services)
    integrity.check(services.models, record)
    contract = load_contract(record, services)
    transform = Transform.of(contract)
    runtime = services.load_model(services.models, record)
    file = plan.files[part.file]
    tables: list[Table] = []
    survey = load_survey(event, file, plan.reads, services)
    with errors_about(file):
        start = part.start
        source = AttentiveSource(event, services)
        for block in source.read(survey, file.has(plan.reads), start, part.stop):
            whole = file.filled(block, plan.reads)
            found = _score_block(whole, transform, runtime, contract, plan.identifiers)
            tables.append(_placed(found, part.file, start, block.entries))
            start += block.entries
    return {name: np.concatenate([each[name] for each in tables]) for name in tables[0]}


def _score_block(
    block: Columns,
    transform: Transform,
    runtime: Runtime,
    contract: Contract,
    identifiers: tuple[str, ...],
) -> Table:
    inputs = block.only(transform.schema.required)
    prepared = transform.prepare(inputs)
    outputs = _predict(runtime, prepared, contract)
    names = output_names(int(np.prod(outputs.shape[1:], dtype=int)), contract.names)
    return table(prepared, outputs, block, identifiers, names)


def _predict(runtime: Runtime, prepared: NetworkInput, contract: Contract) -> Array:
    """Return what the network answers for all rows; without rows, for none."""
    feeds, output = prepared.feeds(runtime.inputs[0].name), runtime.outputs[0].name
    rows = len(next(iter(feeds.values())))
    batches = [
        answer_of(
            runtime.run({name: each[start : start + BATCH] for name, each in feeds.items()}),
            output,
            contract,
        )
        for start in range(0, rows, BATCH)
    ]
    return np.concatenate(batches)[: len(prepared.x)]


def _placed(found: Table, file: int, start: int, entries: int) -> Table:
    """Return the table with the place of each entry before it."""
    return {
        "file": np.full(entries, file, np.int32),
        "entry": np.arange(start, start + entries, dtype=np.int64),
        **found,
    }


def _write_table(
    event: Event, request: ScoringRequest, plan: ScoringPlan, services: Services
) -> tuple[str, tuple[tuple[str, float], ...]]:
    """Write all parts in order as one table; return its key, and how many entries are odd."""
    counts = {"entries": 0, "passed": 0, "outside": 0, "truncated": 0}

    def parts() -> Iterator[Table]:
        for index in range(len(plan.ranges)):
            part = _part(event, index, request, plan, services)
            counts["entries"] += len(part["passed"])
            for name in ("passed", "outside", "truncated"):
                counts[name] += int(np.count_nonzero(part[name]))
            yield part

    with tempfile.TemporaryDirectory(prefix="mlaas-scores-") as folder:
        path = Path(folder) / f"scores.{request.format}"
        services.tables.write(request.format, path, parts())
        with path.open("rb") as file:
            name = files.scores(sealed.checksum(file), request.format)
        key = files.key(request.owner, request.run, name)
        services.runs_files.put_file(key, path)
    return key, tuple((name, float(count)) for name, count in counts.items())
