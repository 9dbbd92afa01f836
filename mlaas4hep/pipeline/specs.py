"""specs: files are opened, ranges of them measured, and all measurements merged into a plan."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.planning.memory import check_memory
from mlaas4hep.core.data.planning.mixing import MixedPlan
from mlaas4hep.core.data.planning.plan import EntryRange, Plan, groups
from mlaas4hep.core.data.specs.notices import notices, rounded
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.values.treatments import treated
from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    Event,
    FilesOpened,
    RangeMeasured,
    RangePlanned,
    RunSubmitted,
    SpecsReady,
)
from mlaas4hep.core.selection.normalisation import check_weights
from mlaas4hep.core.selection.notices import of_computed
from mlaas4hep.core.selection.openedfiles import OpenedFiles
from mlaas4hep.core.selection.ranges import MeasuredRange, nothing_passes
from mlaas4hep.errors import PermanentError, StrangeEventError
from mlaas4hep.pipeline.inputs import (
    Inputs,
    entries_before,
    load_inputs,
    load_request,
    store_opened,
)
from mlaas4hep.pipeline.measuring.nextfiles import expected
from mlaas4hep.pipeline.measuring.ranges import all_ranges, measured_range, stored_range
from mlaas4hep.pipeline.opentrees import OpenTrees
from mlaas4hep.pipeline.reactions import Batch, News
from mlaas4hep.ports import Services


def open_files(event: RunSubmitted, services: Services) -> list[News]:
    """Open every file, choose the branches, and plan the ranges to measure.

    Raises:
        MlaasError: a file cannot be read, or files and request do not fit together.
    """
    request = load_request(event, services)
    given_up = services.runs.get(event.owner, event.run).given_up
    found = OpenTrees.of(request, services, given_up)
    opened = Inputs.of(request, found, services.range_entries).opened
    store_opened(event, opened, services)
    fact = {"owner": event.owner, "run": event.run}
    skipped = tuple(
        replace(each, entries=entries_before(event, each.file, services)) for each in found.skipped
    )
    opened_news = replace(files_opened(event, opened), skipped=skipped)
    planned = Batch(
        RangePlanned(
            **fact,
            attempt=event.attempt,
            index=index,
            file=part.file,
            start=part.start,
            stop=part.stop,
        )
        for index, part in enumerate(opened.ranges)
    )
    return [opened_news, planned]


def measure_range(event: RangePlanned, services: Services) -> list[News]:
    """Measure one range and store its specs, unless they lie in the store already.

    Raises:
        MlaasError: the file cannot be read, or is another one now.
    """
    inputs = load_inputs(event, services)
    _check_planned(event, inputs)
    key = keys.range_specs(event.owner, inputs.opened.range_content(inputs.request, event.index))
    result = stored_range(key, services)
    if result is None:
        with expected(event, inputs, services):
            result = measured_range(event, event.index, inputs, services)
        services.specs.put(key, sealed.dump(result, key))
    return [
        RangeMeasured(
            owner=event.owner,
            run=event.run,
            attempt=event.attempt,
            index=event.index,
            key=key,
            entries=result.specs.entries,
            passed=result.specs.passed,
        )
    ]


def merge_ranges(event: RangeMeasured, services: Services) -> list[News]:
    """Merge the specs and plan the chunks, once all ranges are measured.

    `SpecsReady` comes last: as long as it is not told, the next event does everything again.

    Raises:
        PermanentError: no entry passes the cuts, no column is left, or chunks are too large.
    """
    run = services.runs.get(event.owner, event.run)
    if run.specs or not run.ranges.complete:
        return []
    inputs = load_inputs(event, services)
    key = _specs_key(event, inputs)
    parts = all_ranges(event, inputs, services)
    found = _merged(inputs, parts)
    rules = inputs.request.params.rules
    odd = check_weights(inputs.request, found)
    specs = treated(found, rules)
    _check_columns(specs)
    plan = inputs.opened.plan(inputs.request, specs)
    check_memory(Layout.of(specs), plan)
    services.specs.put(key, sealed.dump(specs, key))
    fact = {"owner": event.owner, "run": event.run}
    planned = Batch(
        ChunkPlanned(**fact, attempt=event.attempt, index=group.start, count=len(group), specs=key)
        for group in _groups(plan, _row(inputs, specs, parts))
    )
    lost = rounded((part.specs for part in parts), found)
    computed = of_computed(found, rules, inputs.preproc)
    warnings = (*notices(found, rules), *computed, *lost, *odd)
    ready = replace(specs_ready(event, inputs, specs), warnings=warnings)
    return [planned, ready]


def files_opened(event: Event, opened: OpenedFiles) -> FilesOpened:
    """Return what a run is told once its files are open."""
    return FilesOpened(
        owner=event.owner,
        run=event.run,
        attempt=event.attempt,
        files=len(opened.files),
        ranges=len(opened.ranges),
        entries=sum(part.stop - part.start for part in opened.ranges),
        warnings=opened.branches.warnings,
    )


def specs_ready(event: Event, inputs: Inputs, specs: Specs) -> SpecsReady:
    """Return what a run is told once its specs are stored."""
    plan = inputs.opened.plan(inputs.request, specs)
    return SpecsReady(
        owner=event.owner,
        run=event.run,
        attempt=event.attempt,
        key=_specs_key(event, inputs),
        entries=plan.entries,
        columns=Layout.of(specs).width,
        chunks=plan.chunks,
    )


def _specs_key(event: Event, inputs: Inputs) -> str:
    return keys.specs(event.owner, inputs.opened.specs_content(inputs.request))


def _check_planned(event: RangePlanned, inputs: Inputs) -> None:
    """Refuse a range that is not in the run's plan.

    Raises:
        StrangeEventError: nobody planned it.
    """
    ranges = inputs.opened.ranges
    planned = ranges[event.index] if 0 <= event.index < len(ranges) else None
    asked = EntryRange(file=event.file, start=event.start, stop=event.stop)
    if asked != planned:
        raise StrangeEventError(
            f"range {event.index} of run {event.run!r} is {planned}, and not {asked}"
        )


def _groups(plan: Plan, row: float) -> Iterator[range]:
    """Yield the numbers of chunks that one process makes."""
    if isinstance(plan, MixedPlan):
        return plan.made_together()
    return groups(plan, row)


def _row(inputs: Inputs, specs: Specs, parts: Iterable[MeasuredRange]) -> float:
    """Return how many passing entries one block of every file has, on the average."""
    blocks = sum(part.blocks for part in parts)
    return len(inputs.opened.files) * specs.passed / max(1, blocks)


def _merged(inputs: Inputs, parts: Sequence[MeasuredRange]) -> Specs:
    """Return the specs of all ranges together, and refuse those that leave nothing to learn."""
    specs = inputs.opened.merged(parts)
    if not specs.passed:
        raise nothing_passes(specs.entries, parts)
    return specs


def _check_columns(specs: Specs) -> None:
    if not Layout.of(specs).width:
        raise PermanentError(
            "no column is left: every jagged branch is empty in every entry, or all are constant",
            hint="select flat branches, or files with values",
        )
