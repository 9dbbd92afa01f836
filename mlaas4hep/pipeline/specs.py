"""specs: files are opened, ranges of them measured, and all measurements merged into a plan."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.mixing import MixedPlan
from mlaas4hep.core.data.notices import notices
from mlaas4hep.core.data.plan import EntryRange, Plan, groups
from mlaas4hep.core.data.rules import Rules
from mlaas4hep.core.data.sample import Sampler
from mlaas4hep.core.data.specs import Specs, measured, merged, sampled
from mlaas4hep.core.data.treatment import without_missing
from mlaas4hep.core.data.treatments import treated
from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    FilesOpened,
    RangeMeasured,
    RangePlanned,
    RunSubmitted,
    SpecsReady,
)
from mlaas4hep.core.selection.opened import MeasuredRange
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError, NotFoundError, PermanentError, StrangeEventError
from mlaas4hep.pipeline.attention import AttentiveSource
from mlaas4hep.pipeline.inputs import (
    AT_ONCE,
    Inputs,
    load_inputs,
    load_request,
    load_survey,
    naming,
    store_opened,
)
from mlaas4hep.pipeline.reactions import Batch, News
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)

_LISTED = 10  #: names in a warning


def open_files(event: RunSubmitted, services: Services) -> list[News]:
    """Open every file, choose the branches, and plan the ranges to measure.

    Raises:
        MlaasError: a file cannot be read, or files and request do not fit together.
    """
    request = load_request(event, services)
    opened = Inputs.open(request, services).opened
    store_opened(event, opened, services)
    fact = {"owner": event.owner, "run": event.run}
    told = FilesOpened(
        **fact,
        attempt=event.attempt,
        files=len(opened.files),
        ranges=len(opened.ranges),
        entries=sum(part.stop - part.start for part in opened.ranges),
        warnings=opened.branches.warnings,
    )
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
    return [told, planned]


def measure_range(event: RangePlanned, services: Services) -> list[News]:
    """Measure one range and store its specs, unless they lie in the store already.

    Raises:
        MlaasError: the file cannot be read, or is another one now.
    """
    inputs = load_inputs(event, services)
    _check_planned(event, inputs)
    key = keys.range_specs(event.owner, inputs.opened.range_content(inputs.request, event.index))
    result = _stored(key, services)
    if result is None:
        result = _measured(event, inputs, services)
        services.specs.put(key, wire.dump(result))
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
        PermanentError: no entry passes the cuts, or no column is left.
    """
    run = services.runs.get(event.owner, event.run)
    if run.specs or not run.ranges.complete:
        return []
    inputs = load_inputs(event, services)
    key = keys.specs(event.owner, inputs.opened.specs_content(inputs.request))
    parts = _parts(event, inputs, services)
    found = _merged(inputs, parts)
    rules = inputs.request.params.rules
    specs = treated(found, rules)
    _check_columns(specs)
    services.specs.put(key, wire.dump(specs))
    plan = inputs.opened.plan(inputs.request, specs)
    fact = {"owner": event.owner, "run": event.run}
    planned = Batch(
        ChunkPlanned(**fact, attempt=event.attempt, index=group.start, count=len(group), specs=key)
        for group in _groups(plan, _row(inputs, specs, parts))
    )
    ready = SpecsReady(
        **fact,
        attempt=event.attempt,
        key=key,
        entries=plan.entries,
        columns=Layout.of(specs).width,
        chunks=plan.chunks,
        warnings=(*_worthless(specs), *notices(found, rules), *idle_rules(specs, rules)),
    )
    return [planned, ready]


def _check_planned(event: RangePlanned, inputs: Inputs) -> None:
    """Refuse a range that is not in the run's plan.

    Raises:
        StrangeEventError: nobody planned it.
    """
    planned = dict(enumerate(inputs.opened.ranges)).get(event.index)
    told = EntryRange(file=event.file, start=event.start, stop=event.stop)
    if told != planned:
        raise StrangeEventError(
            f"range {event.index} of run {event.run!r} is {planned}, and not {told}"
        )


def _stored(key: str, services: Services) -> MeasuredRange | None:
    try:
        return wire.load(MeasuredRange, services.specs.get(key))
    except NotFoundError:
        return None
    except InvalidRequestError as error:
        log.warning("%s is damaged: %s", key, error)
        return None


def _measured(event: RangePlanned, inputs: Inputs, services: Services) -> MeasuredRange:
    branches, preproc = inputs.opened.branches, inputs.preproc
    needed = (set(branches.reads) - set(branches.label)) | (preproc.reads & set(branches.reads))
    part = inputs.opened.ranges[event.index]
    file = inputs.opened.files[part.file]
    survey = load_survey(event, file, branches.reads, services)
    with naming(file):
        source = AttentiveSource(event, services)
        blocks = source.read(survey, file.has(needed), part.start, part.stop)
        return measure_blocks(
            (file.filled(block, needed) for block in blocks),
            preproc,
            branches.features,
            part.start,
            entries=part.stop - part.start,
            rules=inputs.request.params.rules,
        )


def measure_blocks(
    blocks: Iterable[Columns],
    preproc: Preproc,
    features: Iterable[str],
    start: int = 0,
    *,
    entries: int,
    rules: Rules,
) -> MeasuredRange:
    """Return the specs of consecutive blocks of one file, the first at entry `start`.

    Args:
        blocks: of the file, one after the other.
        preproc: cuts and new branches.
        features: branches to measure.
        start: first entry of the first block.
        entries: how many there are in all blocks, more or less.
        rules: say which values are missing, so that they do not count.

    If no entry passes the cuts, the result says how many pass each of them.
    """
    wanted = frozenset(features)
    flow: dict[str, int] = {}
    count = 0
    sampler = Sampler(entries, len(wanted))

    def parts(start: int) -> Iterator[Specs]:
        nonlocal count
        for block in blocks:
            count += 1
            stop = start + block.entries
            kept = preproc.apply(block)
            if not kept.entries:
                for cut, left in preproc.cut_flow(block):
                    flow[cut] = flow.get(cut, 0) + left
            values = without_missing(kept.only(wanted), rules)
            sampler.add(values, start)
            yield measured(values, file=0, start=start, stop=stop)
            start = stop

    specs = sampled(merged(parts(start)), sampler.samples())
    return MeasuredRange(
        specs=specs,
        cut_flow=() if specs.passed else tuple(flow.items()),
        blocks=count,
    )


def _worthless(specs: Specs) -> tuple[str, ...]:
    """Return a warning if branches have values, but never a number to learn from."""
    names = [spec.name for spec in specs.branches if spec.low is None and spec.nan + spec.inf]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    if not names:
        return ()
    return (
        f"NaN or infinite in every entry, so worth nothing: {', '.join(names[:_LISTED])}{more}",
    )


def idle_rules(specs: Specs, rules: Rules) -> tuple[str, ...]:
    """Return a warning if patterns of params.json match no branch."""
    names = [spec.name for spec in specs.branches]
    idle = [p for p in rules.patterns if not any(fnmatchcase(name, p) for name in names)]
    return (f"missing, clip, scaling: no branch matches {', '.join(idle)}",) if idle else ()


def _parts(event: RangeMeasured, inputs: Inputs, services: Services) -> list[MeasuredRange]:
    def fetch(index: int) -> MeasuredRange:
        content = inputs.opened.range_content(inputs.request, index)
        key = keys.range_specs(event.owner, content)
        found = _stored(key, services)
        if found is None:
            log.warning("%s is not there any more; measuring it again", key)
            found = _measure_again(event, index, inputs, services)
            services.specs.put(key, wire.dump(found))
        return found

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="merge") as pool:
        return list(pool.map(fetch, range(len(inputs.opened.ranges))))


def _groups(plan: Plan, row: float) -> Iterator[range]:
    """Yield the numbers of chunks that one process makes."""
    if isinstance(plan, MixedPlan):
        return plan.made_together()
    return groups(plan, row)


def _measure_again(
    event: RangeMeasured, index: int, inputs: Inputs, services: Services
) -> MeasuredRange:
    part = inputs.opened.ranges[index]
    planned = RangePlanned(
        owner=event.owner,
        run=event.run,
        attempt=event.attempt,
        index=index,
        file=part.file,
        start=part.start,
        stop=part.stop,
    )
    return _measured(planned, inputs, services)


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


def nothing_passes(entries: int, parts: Iterable[MeasuredRange]) -> PermanentError:
    """Return the error that tells which cut leaves how many entries."""
    flow: dict[str, int] = {}
    for part in parts:
        for cut, left in part.cut_flow:
            flow[cut] = flow.get(cut, 0) + left
    steps = ", ".join(f"{left} after {cut}" for cut, left in flow.items())
    return PermanentError(
        f"none of {entries} entries passes the cuts of preproc.json",
        file="preproc.json",
        hint=f"entries left: {steps}" if steps else "look at preproc.json",
    )
