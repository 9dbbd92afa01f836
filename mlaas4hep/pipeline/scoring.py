"""Scoring: a trained model looks at files, range by range; one table comes out."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.planning.plan import plan_ranges
from mlaas4hep.core.models.answering import answer_of
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.scoring import (
    ScoringPlan,
    ScoringRequest,
    Table,
    choose_reads,
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
from mlaas4hep.core.selection.opened import OpenedFile
from mlaas4hep.errors import InvalidRequestError, NotFoundError, PermanentError, StrangeEventError
from mlaas4hep.pipeline.attention import AttentiveSource
from mlaas4hep.pipeline.opentrees import describe, naming
from mlaas4hep.pipeline.reactions import Batch, News
from mlaas4hep.pipeline.surveys import load_survey
from mlaas4hep.ports import Runtime, Services

CONTRACT = "contract.json"
BATCH = 8192  #: rows that go through the network at once


def open_scoring(event: ScoringSubmitted, services: Services) -> list[News]:
    """Open every file, check that the model can read it, and plan the ranges to score.

    Raises:
        MlaasError: a file cannot be read, or is not of the kind that the model was trained on.
    """
    request = load_request(event, services)
    contract = load_contract(load_record(request, services), services)
    trees = {file.name: describe(file, services) for file in request.files}
    reads, identifiers = choose_reads(Transform.of(contract).schema, trees)
    opened = list(trees.values())
    ranges = plan_ranges(
        [tree.entries for tree in opened],
        -1,
        [tree.boundaries for tree in opened],
        services.range_entries,
    )
    if not ranges:
        raise PermanentError("there are no entries in these files", hint="check files and tree")
    plan = ScoringPlan(
        files=tuple(OpenedFile.of(file, trees[file.name]) for file in request.files),
        ranges=ranges,
        reads=tuple(sorted(reads)),
        identifiers=tuple(sorted(identifiers)),
    )
    services.runs_files.put(_plan_key(event), sealed.dump(plan))
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
    plan = sealed.load(ScoringPlan, services.runs_files.get(_plan_key(event)))
    if not 0 <= event.index < len(plan.ranges):
        raise StrangeEventError(f"run {event.run!r} has no range {event.index} to score")
    key = _part_key(event, event.index)
    if services.runs_files.info(key) is None:
        part = _score(event, request, plan, services)
        services.runs_files.put(key, _packed(part))
    who: dict[str, Any] = {"owner": event.owner, "run": event.run, "attempt": event.attempt}
    yield RangeScored(**who, index=event.index)
    if services.runs.get(event.owner, event.run).ranges.complete:
        yield from _finished(event, request, len(plan.ranges), services)


def _finished(
    event: Event, request: ScoringRequest, ranges: int, services: Services
) -> Iterator[Event]:
    """Put the table together, tell it, and delete its parts.

    Two deliveries may do so at the same time: what the slower one misses, the faster one has told.
    """
    try:
        counts = _write_table(event, request, ranges, services)
    except NotFoundError:
        if services.runs.get(event.owner, event.run).is_final:
            return
        raise
    yield ScoresReady(
        owner=event.owner,
        run=event.run,
        attempt=event.attempt,
        key=table_key(request),
        metrics=counts,
    )
    for index in range(ranges):
        services.runs_files.delete(_part_key(event, index))


def table_key(request: ScoringRequest) -> str:
    """Return the key of the finished table in bucket runs."""
    return files.key(request.owner, request.run, files.scores(request.format))


def load_request(event: Event, services: Services) -> ScoringRequest:
    """Return the request of the event's run."""
    body = services.runs_files.get(files.key(event.owner, event.run, files.SCORING))
    return sealed.load(ScoringRequest, body)


def load_record(request: ScoringRequest, services: Services) -> ModelRecord:
    """Return the model as it was when the scoring was asked for.

    Raises:
        PermanentError: it is another version now.
    """
    body = services.models.get(keys.model(request.model_owner, request.model))
    record = sealed.load(ModelRecord, body)
    if record.version != request.version:
        raise PermanentError(
            f"model {request.model!r} has been replaced meanwhile", hint="ask for scores again"
        )
    return record


def load_contract(record: ModelRecord, services: Services) -> Contract:
    """Return what a model was trained on.

    Raises:
        InvalidRequestError: it was not trained here.
    """
    if CONTRACT not in record.files:
        raise InvalidRequestError(
            f"model {record.name!r} was not trained here: nobody knows its branches",
            hint="only models that this system trained can score files",
        )
    key = keys.model_file(record.owner, record.name, record.version, CONTRACT)
    return wire.load(Contract, services.models.get(key))


def _score(
    event: RangeToScore, request: ScoringRequest, plan: ScoringPlan, services: Services
) -> Table:
    part = plan.ranges[event.index]
    record = load_record(request, services)
    contract = load_contract(record, services)
    transform = Transform.of(contract)
    runtime = services.load_model(services.models, record)
    file = plan.files[part.file]
    tables: list[Table] = []
    survey = load_survey(event, file, plan.reads, services)
    with naming(file):
        start = part.start
        source = AttentiveSource(event, services)
        for block in source.read(survey, plan.reads, start, part.stop):
            found = _score_block(block, transform, runtime, contract, plan.identifiers)
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


def _packed(part: Table) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, *part.values(), names=np.array(list(part)))
    return buffer.getvalue()


def _write_table(
    event: Event, request: ScoringRequest, ranges: int, services: Services
) -> tuple[tuple[str, float], ...]:
    """Write all parts in order as one table; return how many entries are odd."""
    counts = {"entries": 0, "passed": 0, "outside": 0, "truncated": 0}

    def parts() -> Iterator[Table]:
        for index in range(ranges):
            part = _unpacked(services.runs_files.get(_part_key(event, index)))
            counts["entries"] += len(part["passed"])
            for name in ("passed", "outside", "truncated"):
                counts[name] += int(np.count_nonzero(part[name]))
            yield part

    with tempfile.TemporaryDirectory(prefix="mlaas-scores-") as folder:
        path = Path(folder) / f"scores.{request.format}"
        services.tables.write(request.format, path, parts())
        services.runs_files.put_file(table_key(request), path)
    return tuple((name, float(count)) for name, count in counts.items())


def _unpacked(data: bytes) -> Table:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        names = arrays["names"].tolist()
        return {name: arrays[f"arr_{place}"] for place, name in enumerate(names)}


def _plan_key(event: Event) -> str:
    return files.key(event.owner, event.run, files.scoring_plan(event.attempt))


def _part_key(event: Event, index: int) -> str:
    return files.key(event.owner, event.run, files.scored_part(event.attempt, index))
