"""What the files of a run hold, for people who look at it: its features, and one entry."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import ENTRY, Columns
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.dryrun import LeftOut
from mlaas4hep.core.models.entries.byentry import as_entries
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.sample.leftout import left_out
from mlaas4hep.core.models.transform import Transform
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import RunSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.views import FeatureList, OddValue, RunFeature
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.errors import ConflictError, MlaasError, NotFoundError, StrangeEventError
from mlaas4hep.pipeline.inputs import Inputs, load_inputs
from mlaas4hep.pipeline.measuring.ranges import load_specs
from mlaas4hep.pipeline.opentrees import OpenTrees, errors_about
from mlaas4hep.pipeline.scoringplan import load_contract
from mlaas4hep.ports import Services

_LOOKED_AT = 5000  #: first entries of a file among which one must pass the cuts


def features(run: Run, services: Services) -> FeatureList:
    """Return what the network of a run learns from, and the branches that it does not see.

    The first call opens the files once more, for the branches that are left out.

    Raises:
        ConflictError: the run has no features: it scores, or has not measured its files yet.
    """
    where = files.key(run.owner, run.name, files.FEATURES)
    try:
        return wire.load(FeatureList, services.runs_files.get(where))
    except NotFoundError:
        found = _features(run, services)
    if found.left_out is not None:
        services.runs_files.put(where, wire.dump(found))
    return found


def _features(run: Run, services: Services) -> FeatureList:
    inputs, specs = _measured(run, services)
    chosen = inputs.opened.branches
    names = set(chosen.features)
    return FeatureList(
        features=tuple(_feature(spec) for spec in specs.branches if spec.name in names),
        left_out=_left_out(inputs, services),
        identifiers=chosen.identifiers,
        label=chosen.label,
    )


def _feature(spec: BranchSpec) -> RunFeature:
    return RunFeature(
        branch=spec.name,
        jagged=spec.jagged,
        columns=spec.width,
        low=spec.low,
        high=spec.high,
        nan=spec.nan - spec.missing,
        infinite=spec.inf,
        missing=spec.missing,
        odd=tuple(OddValue(value=value, share=share) for value, share in spec.odd),
        clipped=spec.clipped,
        constant=spec.is_constant,
        used=spec.is_used,
        categories=spec.texts or (),
    )


def _left_out(inputs: Inputs, services: Services) -> tuple[LeftOut, ...] | None:
    """Return None when the files cannot be opened any more."""
    try:
        trees = OpenTrees.of(inputs.request, services).by_name(inputs.request)
    except MlaasError:
        return None
    return left_out(trees, inputs.request.params, inputs.preproc, inputs.opened.branches)


def sample(run: Run, record: ModelRecord, services: Services) -> dict[str, Any]:
    """Return one entry of a run's files, as people send it to the run's model.

    It is the first that passes the cuts; once found, it is kept with the run.

    Raises:
        NotFoundError: none of the first entries of any file passes.
        MlaasError: the files cannot be read any more.
    """
    where = files.key(run.owner, run.name, files.SAMPLE)
    try:
        kept: dict[str, Any] = json.loads(services.runs_files.get(where))
    except NotFoundError:
        kept = _first_entry(run, record, services)
        services.runs_files.put(where, json.dumps(kept).encode())
    return kept


def _first_entry(run: Run, record: ModelRecord, services: Services) -> dict[str, Any]:
    inputs, _ = _measured(run, services)
    transform = Transform.of(load_contract(record, services))
    for file in inputs.opened.files:
        for block in _blocks(file, inputs, services):
            passed = _first_passing(block, transform)
            if passed is not None:
                entry = as_entries(block.rows(passed, passed + 1))[0]
                return {
                    name: value for name, value in entry.items() if name in transform.schema.known
                }
    raise NotFoundError(
        f"none of the first {_LOOKED_AT} entries of any file of {run.name!r} passes the cuts"
    )


def _blocks(file: OpenedFile, inputs: Inputs, services: Services) -> Iterator[Columns]:
    reads = {*inputs.opened.branches.reads, *inputs.opened.branches.identifiers}
    with errors_about(file):
        survey = services.source.survey(file.url, file.tree, file.has(reads))
        stop = min(_LOOKED_AT, file.entries)
        for block in services.source.read(survey, file.has(reads), 0, stop):
            yield file.filled(block, reads)


def _first_passing(block: Columns, transform: Transform) -> int | None:
    numbered = replace(block, flat={**block.flat, ENTRY: np.arange(block.entries)})
    passed = transform.preproc.apply(numbered).flat[ENTRY]
    return int(passed[0]) if len(passed) else None


def _measured(run: Run, services: Services) -> tuple[Inputs, Specs]:
    """Return what a training works on, and what was measured in it."""
    if run.task == "scoring":
        raise ConflictError(f"run {run.name!r} is a scoring: it has no features")
    if run.task == "scan":
        raise ConflictError(
            f"run {run.name!r} is a scan: it has no features", hint="look at one of its trials"
        )
    if not run.specs and run.is_final:
        why, hint = f"it is {run.status}", ""
        if run.problem is not None:
            why, hint = run.problem.message, run.problem.hint
        raise ConflictError(f"the files of {run.name!r} were not measured: {why}", hint=hint)
    if not run.specs:
        raise ConflictError(f"the files of {run.name!r} are not measured yet")
    event = RunSubmitted(owner=run.owner, run=run.name, attempt=run.attempt)
    try:
        inputs = load_inputs(event, services)
        return inputs, load_specs(event, run.specs, inputs, services)
    except (NotFoundError, StrangeEventError) as error:
        raise NotFoundError(
            f"what was measured for {run.name!r} is deleted", hint="restart or submit again"
        ) from error
